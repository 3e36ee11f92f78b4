// The public keys of an issuer outside: found by its discovery document, fetched when first needed, and again when a
// token names a key that is not among them. OpenID Connect Discovery 1.0. Safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/authn/authentication_metrics.h"
#include "apiserver/outbound/post.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "pki/key.h"

namespace apiserver {

class IssuerKeys {
 public:
  struct Options {
    std::string issuer;         // what the discovery document must say
    std::string discovery_url;  // of the document; https
    std::string authority;      // PEM; "": the system's
    std::string server_hash;    // for metrics, as is the next
    std::string issuer_hash;
  };
  // Clock and metrics are borrowed.
  IssuerKeys(Options options, const base::Clock& clock, AuthenticationMetrics& metrics);

  struct Key {
    std::string id;  // may be empty
    pki::Key key;
  };
  using Keys = std::shared_ptr<const std::vector<Key>>;  // never null
  // The keys as known. Unavailable when they have never been fetched and cannot be.
  io::Task<base::Result<Keys>> known();
  // Keys that were fetched after `seen`. Several that ask at once share one answer; soon after a fetch there is no
  // other.
  io::Task<base::Result<Keys>> newer_than(Keys seen);

 private:
  struct Turn;
  struct Waiting {
    io::Loop* loop;
    std::shared_ptr<io::Event> done;
  };
  io::Task<base::Result<Keys>> fetch();
  io::Task<base::Result<std::string>> document(std::string url) const;
  void settle(base::Result<Keys> fetched);

  const Options options_;
  const base::Clock& clock_;
  AuthenticationMetrics& metrics_;

  base::Mutex mutex_;
  Keys keys_ GUARDED_BY(mutex_);  // null until first fetched
  std::string keys_url_ GUARDED_BY(mutex_);
  std::string keys_hash_ GUARDED_BY(mutex_);
  std::string trouble_ GUARDED_BY(mutex_);  // of the last fetch; "" when it went well
  int64_t fetched_ns_ GUARDED_BY(mutex_) = INT64_MIN / 2;
  bool fetching_ GUARDED_BY(mutex_) = false;
  std::vector<Waiting> waiting_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
