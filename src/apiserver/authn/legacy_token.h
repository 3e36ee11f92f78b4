// Tokens that Secrets of type kubernetes.io/service-account-token hold: they never expire and are good as long as their
// Secret is there. Kubernetes documentation, "Manually create a long-lived API token for a ServiceAccount".
#pragma once

#include "apiserver/authn/key_ring.h"
#include "apiserver/authn/token_judge.h"
#include "apiserver/registry/reader.h"

namespace apiserver {

class LegacyTokenJudge final : public TokenJudge {
 public:
  // Good for `audiences` (the API server's own). The reader is borrowed.
  LegacyTokenJudge(const Reader& reader, std::shared_ptr<const KeyRing> keys, std::vector<std::string> audiences)
      : reader_(reader), keys_(std::move(keys)), audiences_(std::move(audiences)) {}
  io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                             std::vector<std::string> audiences) override;

 private:
  const Reader& reader_;
  const std::shared_ptr<const KeyRing> keys_;
  const std::vector<std::string> audiences_;
};

}  // namespace apiserver
