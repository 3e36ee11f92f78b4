// The seam between bearer tokens and those who know them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/pipeline/identity.h"
#include "base/result.h"
#include "io/task.h"

namespace apiserver {

struct TokenVerdict {
  User user;
  std::vector<std::string> audiences;  // those asked for that the token is good for
};

// Safe from any loop.
class TokenJudge {
 public:
  virtual ~TokenJudge() = default;
  // Nothing: not a token of its kind. Unauthorized: one of its kind that is no good. `audiences` empty: the API
  // server's own.
  virtual io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                                     std::vector<std::string> audiences) = 0;
};

// Asks each in turn; the first to know the token decides. Errors of those before it do not matter then; else the first
// stands.
class TokenJudges final : public TokenJudge {
 public:
  void add(std::unique_ptr<TokenJudge> member) { members_.push_back(std::move(member)); }
  io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                             std::vector<std::string> audiences) override;

 private:
  std::vector<std::unique_ptr<TokenJudge>> members_;
};

// The audiences of `wanted` (when empty: of `own`) that are among `has`.
std::vector<std::string> common_audiences(const std::vector<std::string>& wanted, const std::vector<std::string>& own,
                                          const std::vector<std::string>& has);

}  // namespace apiserver
