// A key management service (KMS v2) that holds the key of our keys. It encrypts a seed; every value is sealed with a
// key derived from that. Kubernetes documentation, "Using a KMS provider for data encryption".
//
// A seed is made when the server starts and whenever the service says that its key is another; it may be used for three
// minutes after the service last confirmed its key. Seeds that others have used are decrypted by the service once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "apiserver/encryption/encrypted_object.h"
#include "apiserver/encryption/key_source.h"
#include "apiserver/encryption/metrics.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "io/grpc_client.h"
#include "io/loop.h"

namespace apiserver::encryption {

class KeyService final : public KeySource, public std::enable_shared_from_this<KeyService> {
 public:
  struct Options {
    std::string name;
    std::string endpoint;  // "unix:///run/kms.sock", "unix:///@abstract"
    io::Duration timeout;  // of a call
  };
  // BadRequest for an endpoint that cannot be read. On the loop that carries the connection, which outlives it.
  static base::Result<std::shared_ptr<KeyService>> create(Options options, base::Clock& clock,
                                                          const EncryptionMetrics& metrics);

  // Asks the service how it is, and for a new seed if that is due. On the loop.
  io::Task<void> look();
  // look(), again and again. On the loop, for as long as the service is in use.
  io::Task<void> keep_looking();
  // Why the service was not well when it was looked at last; nothing when it was.
  std::optional<base::Error> trouble() const;
  const std::string& name() const { return options_.name; }

  const std::string& prefix() const override { return prefix_; }
  base::Result<Sealed> seal(std::string_view path, std::string_view value) const override;
  io::Task<base::Result<Opened>> open(std::string path, base::Bytes text) const override;
  std::string current_key() const override;

 private:
  // Ready to seal with.
  struct Current {
    std::string seed;
    EncryptedObject frame;  // all but the data
    int64_t usable_until_ns = 0;
  };
  struct Failure {
    base::Error error;
    int64_t until_ns;
  };

  KeyService(Options options, io::Address address, base::Clock& clock, const EncryptionMetrics& metrics);
  io::Task<base::Result<void>> confirm();
  io::Task<base::Result<void>> make_seed(std::string key_id);
  io::Task<base::Result<std::string>> source_of(std::string id, EncryptedObject object) const;
  io::Task<base::Result<std::string>> decrypt(std::string id, EncryptedObject object) const;
  template <class Response, class Request>
  io::Task<base::Result<Response>> call(std::string_view method, Request request) const;
  void remember(std::string id, std::string source) const EXCLUDES(mutex_);

  const Options options_;
  const std::string prefix_;
  base::Clock& clock_;
  const EncryptionMetrics& metrics_;
  io::Loop& loop_;
  mutable io::GrpcClient client_;  // on the loop

  mutable base::Mutex mutex_;
  std::optional<Current> current_ GUARDED_BY(mutex_);
  std::optional<base::Error> trouble_ GUARDED_BY(mutex_);
  mutable std::map<std::string, std::string> sources_
      GUARDED_BY(mutex_);  // in plain text, by the hash of all that names it
  mutable std::map<std::string, Failure> failures_ GUARDED_BY(mutex_);  // likewise
  mutable io::Scope calls_;                                             // on the loop; last
};

}  // namespace apiserver::encryption
