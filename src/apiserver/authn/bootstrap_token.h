// Tokens that new nodes join with: "id.secret", each a Secret in kube-system. Kubernetes documentation, "Authenticating
// with Bootstrap Tokens".
#pragma once

#include "apiserver/authn/token_judge.h"
#include "apiserver/registry/reader.h"
#include "base/clock.h"

namespace apiserver {

class BootstrapTokenJudge final : public TokenJudge {
 public:
  BootstrapTokenJudge(const Reader& reader, const base::Clock& clock) : reader_(reader), clock_(clock) {}  // borrowed
  io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                             std::vector<std::string> audiences) override;

 private:
  const Reader& reader_;
  const base::Clock& clock_;
};

}  // namespace apiserver
