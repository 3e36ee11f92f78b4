#include "apiserver/authn/token_webhook.h"

#include <openssl/sha.h>

#include "api/authentication_k8s_io_v1.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace authentication = api::authentication_k8s_io_v1;

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr int64_t kRefusalSeconds = 10;
constexpr size_t kKnownMax = 4096;

std::string digest(const std::string& token, const std::vector<std::string>& audiences) {
  std::string text = base::cat({token, "\n", base::join(audiences, "\n")});
  unsigned char out[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out);
  return {reinterpret_cast<char*>(out), sizeof out};
}

}  // namespace

io::Task<base::Result<std::optional<TokenVerdict>>> TokenWebhook::verify(std::string token,
                                                                         std::vector<std::string> audiences) {
  if (audiences.empty()) audiences = options_.audiences;
  std::string key = digest(token, audiences);
  int64_t now = clock_.monotonic_ns();
  {
    base::Lock lock(mutex_);
    auto known = known_.find(key);
    if (known != known_.end() && now < known->second.until_ns) co_return known->second.verdict;
  }
  CO_TRY(auto verdict, co_await ask(std::move(token), audiences));
  int64_t seconds = verdict ? options_.remember_seconds : kRefusalSeconds;
  base::Lock lock(mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  known_[std::move(key)] = {verdict, now + seconds * 1'000'000'000};
  co_return verdict;
}

io::Task<base::Result<std::optional<TokenVerdict>>> TokenWebhook::ask(std::string token,
                                                                      std::vector<std::string> audiences) {
  authentication::TokenReview review;
  review.spec.token = std::move(token);
  review.spec.audiences = audiences;
  CO_TRY(auto reply, co_await post(options_.server, schema::to_json(schema::Object(std::move(review))), kTimeout));
  if (reply.status < 200 || reply.status > 206) {
    co_return base::fail(base::Code::Unavailable,
                         base::cat({"webhook answered with status ", std::to_string(reply.status)}));
  }
  CO_TRY(auto answer, schema::from_json<authentication::TokenReview>(reply.body));
  const auto& status = answer.status;
  if (!status.authenticated) {
    if (!status.error.empty()) co_return base::fail(base::Code::Unauthorized, status.error);
    co_return std::nullopt;
  }
  TokenVerdict verdict;
  // A server that knows nothing of audiences vouches for the API server's own.
  verdict.audiences =
      common_audiences(audiences, audiences, status.audiences.empty() ? options_.audiences : status.audiences);
  if (verdict.audiences.empty()) co_return std::nullopt;
  verdict.user.name = status.user.username;
  verdict.user.uid = status.user.uid;
  verdict.user.groups = status.user.groups;
  for (const auto& [key, values] : status.user.extra) verdict.user.extra[key] = values;
  co_return verdict;
}

}  // namespace apiserver
