#include "kubelet/server/access.h"

#include <algorithm>

#include "api/authentication_k8s_io_v1.h"
#include "api/authorization_k8s_io_v1.h"
#include "base/strings.h"

namespace kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kRememberAllowed = 300 * kSecond;  // upstream's webhook cache times
constexpr int64_t kRememberRefused = 30 * kSecond;
constexpr size_t kRememberedMax = 1024;
constexpr std::string_view kMasters = "system:masters";

}  // namespace

Access::Access(std::optional<pki::TrustBundle> authorities, client::Client client, std::string node_name, base::Clock& clock)
    : authorities_(std::move(authorities)), client_(std::move(client)), node_name_(std::move(node_name)), clock_(clock) {}

io::Task<base::Result<void>> Access::check(const io::Request& request, const io::Peer& peer, std::string verb,
                                           std::string subresource) {
  CO_TRY(auto caller, co_await identify(request, peer));
  if (std::find(caller.groups.begin(), caller.groups.end(), kMasters) != caller.groups.end()) co_return {};
  CO_TRY(bool allowed, co_await ask(caller, verb, subresource));
  if (allowed) co_return {};
  co_return base::fail(base::Code::Forbidden, base::cat({"Forbidden (user=", caller.name, ", verb=", verb, ", resource=nodes, subresource(s)=[", subresource, "])"}));
}

io::Task<base::Result<Access::Caller>> Access::identify(const io::Request& request, const io::Peer& peer) {
  if (authorities_ && !peer.certificates_der.empty()) {
    CO_TRY(auto subject, authorities_->verify_client(peer.certificates_der, base::Time::from_ns(clock_.wall_ns())));
    co_return Caller{subject.common_name, "", subject.organizations};
  }
  constexpr std::string_view kBearer = "Bearer ";
  auto header = request.headers.get("authorization");
  if (!header.starts_with(kBearer)) co_return base::fail(base::Code::Unauthorized, "Unauthorized");
  api::authentication_k8s_io_v1::TokenReview review;
  review.spec.token = header.substr(kBearer.size());
  CO_TRY(auto reviewed, co_await client_.create<api::authentication_k8s_io_v1::TokenReview>(std::move(review)));
  if (!reviewed.status.authenticated) co_return base::fail(base::Code::Unauthorized, "Unauthorized");
  const auto& user = reviewed.status.user;
  co_return Caller{user.username, user.uid, user.groups};
}

io::Task<base::Result<bool>> Access::ask(const Caller& caller, const std::string& verb, const std::string& subresource) {
  auto key = base::cat({caller.name, "\n", base::join(caller.groups, ","), "\n", verb, "\n", subresource});
  int64_t now = clock_.monotonic_ns();
  auto known = remembered_.find(key);
  if (known != remembered_.end() && now < known->second.until_ns) co_return known->second.allowed;
  api::authorization_k8s_io_v1::SubjectAccessReview review;
  review.spec.user = caller.name;
  review.spec.uid = caller.uid;
  review.spec.groups = caller.groups;
  auto& what = review.spec.resource_attributes.emplace();
  what.verb = verb;
  what.version = "v1";
  what.resource = "nodes";
  what.subresource = subresource;
  what.name = node_name_;
  CO_TRY(auto reviewed, co_await client_.create<api::authorization_k8s_io_v1::SubjectAccessReview>(std::move(review)));
  bool allowed = reviewed.status.allowed;
  if (remembered_.size() >= kRememberedMax) remembered_.clear();
  remembered_[key] = {allowed, now + (allowed ? kRememberAllowed : kRememberRefused)};
  co_return allowed;
}

}  // namespace kubelet
