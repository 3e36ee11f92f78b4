#include "kubelet/server/access.h"

#include "base/strings.h"

namespace kubelet {
namespace {

client::DelegatedAccess::Options access_options(std::optional<pki::TrustBundle> authorities,
                                                const KubeletOptions& options) {
  return {.authorities = std::move(authorities),
          .anonymous = options.anonymous_auth,
          .tokens = options.token_webhook,
          .remember_allowed_ns = options.remember_allowed_ns,
          .remember_refused_ns = options.remember_refused_ns};
}

}  // namespace

Access::Access(const KubeletOptions& options, std::optional<pki::TrustBundle> authorities, client::Client client,
               base::Clock& clock)
    : access_(access_options(std::move(authorities), options), std::move(client), clock),
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
