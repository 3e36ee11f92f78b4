// The issuers of tokens that a file names, read again when it changes. Safe from any thread.
#pragma once

#include <memory>
#include <string>

#include "apiserver/authn/configuration.h"
#include "base/mutex.h"

namespace apiserver {

class ConfiguredIssuers final : public TokenJudge {
 public:
  // Whoever `configuration` names, at first; run() follows the file at `path` that it was read from, whose text was
  // `yaml`. No path: for good. BadRequest when it breaks a rule.
  static base::Result<std::unique_ptr<ConfiguredIssuers>> create(const AuthenticationConfiguration& configuration,
                                                                 IssuerContext context, std::string path,
                                                                 std::string yaml);

  io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                             std::vector<std::string> audiences) override;

  // Follows the file until cancelled; what cannot be used leaves things as they are. On one loop. Ends at once when
  // there is no file.
  io::Task<void> run();

 private:
  ConfiguredIssuers(IssuerContext context, std::string path) : context_(std::move(context)), path_(std::move(path)) {}
  base::Result<void> take(const AuthenticationConfiguration& configuration, const std::string& yaml);
  base::Result<void> take_text(const std::string& yaml);

  const IssuerContext context_;
  const std::string path_;
  std::string text_;  // of the file; only for run()
  std::string hash_;  // of what is in use
  AuthenticationConfiguration first_;

  base::Mutex mutex_;
  std::shared_ptr<TokenJudge> current_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
