#include "apiserver/authn/key_ring.h"

#include <algorithm>

#include "apiserver/pipeline/watched_files.h"
#include "base/log.h"
#include "pki/jwt.h"

namespace apiserver {

void KeyRing::replace(std::vector<pki::Key> keys) {
  auto fresh = std::make_shared<const std::vector<pki::Key>>(std::move(keys));
  base::Lock lock(mutex_);
  keys_ = std::move(fresh);
}

base::Result<std::vector<pki::Key>> read_token_keys(const std::vector<std::string>& pems) {
  std::vector<pki::Key> keys;
  std::vector<std::string> ids;
  for (const auto& pem : pems) {
    TRY(auto key, pki::Key::from_pem(pem));
    if (!pki::own_algorithm(key))
      return base::fail(base::Code::BadRequest, "service account keys are RSA, or EC on P-256, P-384 or P-521");
    if (keys.empty() && !key.is_private())
      return base::fail(base::Code::BadRequest, "the key that signs service account tokens is no private key");
    if (std::ranges::find(ids, key.id()) != ids.end()) continue;
    ids.push_back(key.id());
    keys.push_back(std::move(key));
  }
  return keys;
}

io::Task<void> follow_token_keys(std::shared_ptr<KeyRing> ring, std::vector<std::string> paths,
                                 std::vector<std::string> known) {
  co_await follow_files(std::move(paths), std::move(known), [ring](base::Result<FileTexts> texts) {
    auto keys = texts ? read_token_keys(*texts) : base::fail(texts.error());
    if (!keys) {
      LOG_ERROR("Service account keys cannot be read again", {"err", keys.error().message()});
      return;
    }
    LOG_INFO("Service account keys were read again", {"keys", std::to_string(keys->size())},
             {"signing", keys->front().id()});
    ring->replace(std::move(*keys));
  });
}

}  // namespace apiserver
