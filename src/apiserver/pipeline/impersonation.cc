#include "apiserver/pipeline/impersonation.h"

#include <algorithm>

#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/request_info.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr std::string_view kExtraPrefix = "impersonate-extra-";
constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";

// As Go prints the user in the complaint about a missing name.
std::string go_user(const User& user) {
  std::string groups = "[]string(nil)";
  if (!user.groups.empty()) {
    groups = "[]string{";
    for (size_t i = 0; i < user.groups.size(); ++i) groups += (i ? ", " : "") + base::quote(user.groups[i]);
    groups += "}";
  }
  std::string extra = "map[string][]string(nil)";
  if (!user.extra.empty()) {
    extra = "map[string][]string{";
    bool first = true;
    for (const auto& [key, values] : user.extra) {
      extra += (first ? "" : ", ") + base::quote(key) + ":[]string{";
      for (size_t i = 0; i < values.size(); ++i) extra += (i ? ", " : "") + base::quote(values[i]);
      extra += "}";
      first = false;
    }
    extra += "}";
  }
  return base::cat({"&user.DefaultInfo{Name:", base::quote(user.name), ", UID:", base::quote(user.uid),
                    ", Groups:", groups, ", Extra:", extra, "}"});
}

io::Task<base::Result<void>> check(const Authorizer& authorizer, const User& user, std::string group,
                                   std::string version, std::string resource, std::string subresource,
                                   std::string namespace_, std::string name) {
  AuthorizationAttributes attributes;
  attributes.user = user;
  attributes.verb = "impersonate";
  attributes.api_group = std::move(group);
  attributes.api_version = std::move(version);
  attributes.resource = std::move(resource);
  attributes.subresource = std::move(subresource);
  attributes.namespace_ = std::move(namespace_);
  attributes.name = std::move(name);
  attributes.resource_request = true;
  auto answer = co_await authorizer.authorize(attributes);
  if (answer.allowed()) co_return {};
  co_return base::fail(forbidden(attributes.api_group, attributes.resource, attributes.name,
                                 forbidden_message(attributes, answer.reason)));
}

}  // namespace

bool wants_impersonation(const io::Headers& headers) {
  return std::ranges::any_of(headers.fields(),
                             [](const auto& field) { return field.name.starts_with("impersonate-"); });
}

io::Task<base::Result<std::optional<User>>> impersonate(const User& user, const io::Headers& headers,
                                                        const Authorizer& authorizer) {
  User target;
  target.name = headers.get("impersonate-user");
  target.uid = headers.get("impersonate-uid");
  for (auto group : headers.all("impersonate-group")) target.groups.emplace_back(group);
  for (const auto& field : headers.fields()) {
    if (!field.name.starts_with(kExtraPrefix)) continue;
    std::string_view escaped = std::string_view(field.name).substr(kExtraPrefix.size());
    auto key = base::url_decode(escaped);
    target.extra[base::to_lower(key ? *key : std::string(escaped))].push_back(field.value);
  }
  if (target.name.empty()) {
    if (target.uid.empty() && target.groups.empty() && target.extra.empty()) co_return std::nullopt;
    co_return base::fail(bad_request(base::cat({"requested ", go_user(target), " without impersonating a user name"})));
  }

  bool groups_given = !target.groups.empty();
  if (target.name.starts_with(kServiceAccountPrefix) &&
      base::split(std::string_view(target.name).substr(kServiceAccountPrefix.size()), ':').size() == 2) {
    auto parts = base::split(std::string_view(target.name).substr(kServiceAccountPrefix.size()), ':');
    std::string namespace_(parts[0]);
    CO_TRY(co_await check(authorizer, user, "", "v1", "serviceaccounts", "", namespace_, std::string(parts[1])));
    if (!groups_given) target.groups = {"system:serviceaccounts", "system:serviceaccounts:" + namespace_};
  } else {
    CO_TRY(co_await check(authorizer, user, "", "v1", "users", "", "", target.name));
  }
  if (groups_given) {
    for (const auto& group : target.groups) CO_TRY(co_await check(authorizer, user, "", "v1", "groups", "", "", group));
  }
  for (const auto& [key, values] : target.extra) {
    for (const auto& value : values) {
      CO_TRY(co_await check(authorizer, user, "authentication.k8s.io", "v1", "userextras", key, "", value));
    }
  }
  if (!target.uid.empty())
    CO_TRY(co_await check(authorizer, user, "authentication.k8s.io", "v1", "uids", "", "", target.uid));

  auto has = [&](std::string_view group) {
    return std::find(target.groups.begin(), target.groups.end(), group) != target.groups.end();
  };
  if (target.name == kAnonymousUser) {
    if (!has(kUnauthenticatedGroup)) target.groups.emplace_back(kUnauthenticatedGroup);
  } else if (!has(kAuthenticatedGroup) && !has(kUnauthenticatedGroup)) {
    target.groups.emplace_back(kAuthenticatedGroup);
  }
  co_return target;
}

}  // namespace apiserver
