// Encryption at rest: how the store keeps the values of resources that an EncryptionConfiguration names. Kubernetes
// documentation, "Encrypting Confidential Data at Rest". What is kept opens with upstream's server, and the other way.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/discovery/health.h"
#include "apiserver/encryption/configuration.h"
#include "apiserver/encryption/metrics.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "store/sealer.h"

namespace apiserver::encryption {

enum class Reload : uint8_t { Never, WhenChanged };

class Encryption final : public store::Sealer {
 public:
  // BadRequest, with the file's name, for a configuration that is not right. On the loop that is to carry the
  // connections to key services; asks each of them once.
  static io::Task<base::Result<std::shared_ptr<Encryption>>> open_file(std::string path, Reload reload,
                                                                       base::Clock& clock, base::Metrics& metrics);

  // Stays in touch with key services, and with the file. On the same loop, until cancelled.
  io::Task<void> run();
  // Reads the file again; what is wrong with it leaves all as it was.
  io::Task<base::Result<void>> load();

  // Health checks: "kms-provider-0", ..., or "kms-providers" where the file is followed; and why one fails.
  std::vector<HealthCheck> health() const;

  bool is_plain(std::string_view key, std::string_view kept) const override;
  base::Result<Form> seal(std::string_view key, const base::Bytes& value) const override;
  io::Task<base::Result<Form>> open(std::string key, base::Bytes kept) const override;
  bool is_current(std::string_view key, const store::SealRef& seal) const override;

 private:
  Encryption(std::string path, Reload reload, base::Clock& clock, base::Metrics& metrics)
      : path_(std::move(path)), reload_(reload), clock_(clock), metrics_(metrics) {}
  std::shared_ptr<const Rules> rules() const;
  io::Task<void> follow_file();

  const std::string path_;
  const Reload reload_;
  base::Clock& clock_;
  const EncryptionMetrics metrics_;
  std::string text_;  // of the file, as it is in force; on the loop

  mutable base::Mutex mutex_;
  std::shared_ptr<const Rules> rules_ GUARDED_BY(mutex_);
  io::Scope services_;  // of the rules in force; on the loop
};

// The resource that a key of the store belongs to; nothing for what is no resource.
std::optional<GroupResource> resource_of_key(std::string_view key);

}  // namespace apiserver::encryption
