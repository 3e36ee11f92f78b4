#include "kubelet/server/access.h"

#include "base/strings.h"

namespace kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Upstream's webhook cache times.
client::DelegatedAccess::Options access_options(std::optional<pki::TrustBundle> authorities, bool anonymous) {
  return {.authorities = std::move(authorities),
          .anonymous = anonymous,
          .remember_allowed_ns = 300 * kSecond,
          .remember_refused_ns = 30 * kSecond};
}

}  // namespace

Access::Access(const KubeletOptions& options, std::optional<pki::TrustBundle> authorities, client::Client client,
               base::Clock& clock)
    : access_(access_options(std::move(authorities), options.anonymous_auth), std::move(client), clock),
      node_name_(options.node_name),
      authorize_(options.authorize) {}

io::Task<base::Result<void>> Access::check(const io::Request& request, const io::Peer& peer, std::string verb,
                                           std::vector<std::string> subresources) {
  CO_TRY(auto caller, co_await access_.identify(request, peer));
  if (!authorize_) co_return {};
  for (const auto& subresource : subresources) {
    api::authorization_k8s_io_v1::SubjectAccessReviewSpec spec;
    auto& what = spec.resource_attributes.emplace();
    what.verb = verb;
    what.version = "v1";
    what.resource = "nodes";
    what.subresource = subresource;
    what.name = node_name_;
    CO_TRY(bool allowed, co_await access_.allows(caller, std::move(spec)));
    if (allowed) co_return {};
  }
  co_return base::fail(base::Code::Forbidden,
                       base::cat({"Forbidden (user=", caller.name, ", verb=", verb,
                                  ", resource=nodes, subresource(s)=[", base::join(subresources, " "), "])"}));
}

}  // namespace kubelet
