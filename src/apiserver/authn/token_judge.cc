#include "apiserver/authn/token_judge.h"

#include <algorithm>

namespace apiserver {

io::Task<base::Result<std::optional<TokenVerdict>>> TokenJudges::verify(std::string token,
                                                                        std::vector<std::string> audiences) {
  std::optional<base::Error> refusal;
  for (auto& member : members_) {
    auto verdict = co_await member->verify(token, audiences);
    if (!verdict) {
      if (!refusal) refusal = verdict.error();
      continue;
    }
    if (*verdict) co_return std::move(*verdict);
  }
  if (refusal) co_return base::fail(std::move(*refusal));
  co_return std::nullopt;
}

std::vector<std::string> common_audiences(const std::vector<std::string>& wanted, const std::vector<std::string>& own,
                                          const std::vector<std::string>& has) {
  std::vector<std::string> common;
  for (const auto& audience : wanted.empty() ? own : wanted) {
    if (std::find(has.begin(), has.end(), audience) != has.end()) common.push_back(audience);
  }
  return common;
}

}  // namespace apiserver
