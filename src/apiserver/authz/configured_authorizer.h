// The authorizers that a file names, read again when it changes. Safe from any thread.
#pragma once

#include <memory>
#include <string>

#include "apiserver/authz/configuration.h"
#include "base/mutex.h"

namespace apiserver {

class ConfiguredAuthorizer final : public Authorizer {
 public:
  // What the flags say, for good.
  static base::Result<std::unique_ptr<ConfiguredAuthorizer>> create(const AuthorizationConfiguration& configuration,
                                                                    KnownAuthorizers known);
  // What the file at `path` says; `server_id` is told in metrics by its hash.
  static base::Result<std::unique_ptr<ConfiguredAuthorizer>> create_from_file(std::string path, KnownAuthorizers known,
                                                                              std::string_view server_id);

  std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const override;
  io::Task<Authorization> authorize(AuthorizationAttributes attributes) const override;

  // Follows the file until cancelled; what cannot be used leaves things as they are. On one loop. Ends at once when
  // there is no file.
  io::Task<void> run();

 private:
  explicit ConfiguredAuthorizer(KnownAuthorizers known) : known_(std::move(known)) {}
  std::shared_ptr<const Authorizer> current() const;
  base::Result<void> take(const std::string& yaml);
  void reload(base::Result<std::string> yaml);

  const KnownAuthorizers known_;
  std::string path_;         // constant after creation, as is the next
  std::string server_hash_;  // "sha256:..."
  std::string text_;         // of the file; only for run()
  std::string hash_;         // of what is in use

  mutable base::Mutex mutex_;
  std::shared_ptr<const Authorizer> current_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
