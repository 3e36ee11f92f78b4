#include "apiserver/authn/front_proxy.h"

#include <algorithm>

#include "base/strings.h"

namespace apiserver {
namespace {

std::string first_of(const io::Headers& headers, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    auto value = base::trim(headers.get(base::to_lower(name)));
    if (!value.empty()) return std::string(value);
  }
  return "";
}

}  // namespace

FrontProxyAuthenticator::FrontProxyAuthenticator(Options options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

io::Task<base::Result<std::optional<User>>> FrontProxyAuthenticator::authenticate(const io::Request& request,
                                                                                  const io::Peer& peer) {
  User user;
  user.name = first_of(request.headers, options_.user_headers);
  if (user.name.empty() || peer.certificates_der.empty()) co_return std::nullopt;
  auto proxy =
      options_.authorities->bundle().verify_client(peer.certificates_der, base::Time::from_ns(clock_.wall_ns()));
  if (!proxy) co_return std::nullopt;
  const auto& allowed = options_.allowed_names;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), proxy->common_name) == allowed.end()) {
    co_return base::fail(base::Code::Unauthorized,
                         base::cat({"x509: subject with cn=", proxy->common_name, " is not in the allowed list"}));
  }
  user.uid = first_of(request.headers, options_.uid_headers);
  for (const auto& name : options_.group_headers) {
    for (auto group : request.headers.all(base::to_lower(name))) user.groups.emplace_back(group);
  }
  for (const auto& field : request.headers.fields()) {
    for (const auto& prefix : options_.extra_prefixes) {
      auto lower = base::to_lower(prefix);
      if (!field.name.starts_with(lower)) continue;
      auto escaped = std::string_view(field.name).substr(lower.size());
      auto key = base::url_decode(escaped);
      user.extra[base::to_lower(key ? *key : std::string(escaped))].push_back(field.value);
    }
  }
  co_return user;
}

}  // namespace apiserver
