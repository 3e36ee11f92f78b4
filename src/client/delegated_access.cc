#include "client/delegated_access.h"

#include <algorithm>

#include "api/authentication_k8s_io_v1.h"
#include "base/strings.h"
#include "schema/json.h"

namespace client {
namespace {

constexpr size_t kRememberedMax = 1024;
constexpr std::string_view kMasters = "system:masters";
constexpr std::string_view kAuthenticated = "system:authenticated";

}  // namespace

DelegatedAccess::DelegatedAccess(Options options, Client client, base::Clock& clock)
    : options_(std::move(options)), client_(std::move(client)), clock_(clock) {}

io::Task<base::Result<Caller>> DelegatedAccess::identify(const io::Request& request, const io::Peer& peer) {
  if (options_.authorities && !peer.certificates_der.empty()) {
    CO_TRY(auto subject,
           options_.authorities->verify_client(peer.certificates_der, base::Time::from_ns(clock_.wall_ns())));
    if (subject.common_name.empty()) co_return base::fail(base::Code::Unauthorized, "Unauthorized");
    auto groups = std::move(subject.organizations);
    groups.emplace_back(kAuthenticated);
    co_return Caller{subject.common_name, "", std::move(groups)};
  }
  constexpr std::string_view kBearer = "Bearer ";
  auto header = request.headers.get("authorization");
  if (header.empty() && options_.anonymous) co_return Caller{"system:anonymous", "", {"system:unauthenticated"}};
  if (!header.starts_with(kBearer) || !options_.tokens) co_return base::fail(base::Code::Unauthorized, "Unauthorized");
  api::authentication_k8s_io_v1::TokenReview review;
  review.spec.token = header.substr(kBearer.size());
  CO_TRY(auto reviewed, co_await client_.create<api::authentication_k8s_io_v1::TokenReview>(std::move(review)));
  if (!reviewed.status.authenticated) co_return base::fail(base::Code::Unauthorized, "Unauthorized");
  const auto& user = reviewed.status.user;
  co_return Caller{user.username, user.uid, user.groups, user.extra};
}

io::Task<base::Result<bool>> DelegatedAccess::allows(Caller caller,
                                                     api::authorization_k8s_io_v1::SubjectAccessReviewSpec what) {
  if (std::find(caller.groups.begin(), caller.groups.end(), kMasters) != caller.groups.end()) co_return true;
  api::authorization_k8s_io_v1::SubjectAccessReview review;
  review.spec = std::move(what);
  review.spec.user = caller.name;
  review.spec.uid = caller.uid;
  review.spec.groups = caller.groups;
  review.spec.extra = caller.extra;
  auto key = schema::to_json(review);
  int64_t now = clock_.monotonic_ns();
  auto known = remembered_.find(key);
  if (known != remembered_.end() && now < known->second.until_ns) co_return known->second.allowed;
  CO_TRY(auto reviewed, co_await client_.create<api::authorization_k8s_io_v1::SubjectAccessReview>(std::move(review)));
  bool allowed = reviewed.status.allowed;
  if (remembered_.size() >= kRememberedMax) remembered_.clear();
  remembered_[std::move(key)] = {allowed,
                                 now + (allowed ? options_.remember_allowed_ns : options_.remember_refused_ns)};
  co_return allowed;
}

}  // namespace client
