// The authorities whose certificates are believed, replaced while they are in use when their file changes. Safe from
// any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "io/task.h"
#include "pki/certificate.h"

namespace apiserver {

class Authorities {
 public:
  // BadRequest when there is no certificate in `pem`.
  static base::Result<std::shared_ptr<Authorities>> from_pem(const std::string& pem);

  // What is believed now, for one request.
  pki::TrustBundle bundle() const;
  std::string pem() const;
  // Keeps what was there when it makes no sense.
  base::Result<void> replace(const std::string& pem);

 private:
  explicit Authorities(std::string pem, pki::TrustBundle bundle) : pem_(std::move(pem)), bundle_(std::move(bundle)) {}

  mutable base::Mutex mutex_;
  std::string pem_ GUARDED_BY(mutex_);
  pki::TrustBundle bundle_ GUARDED_BY(mutex_);
};

// Reads the file again when it changes, until cancelled; tells `changed` after each that made sense. On one loop.
io::Task<void> follow_authorities(std::shared_ptr<Authorities> authorities, std::string path,
                                  std::function<void()> changed);

}  // namespace apiserver
