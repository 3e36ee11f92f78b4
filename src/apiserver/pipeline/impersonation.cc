#include "apiserver/pipeline/impersonation.h"

#include <algorithm>

#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/request_info.h"
#include "base/strings.h"
#include "schema/names.h"

namespace apiserver {
namespace {

constexpr std::string_view kExtraPrefix = "impersonate-extra-";
constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";
constexpr std::string_view kNodePrefix = "system:node:";
constexpr std::string_view kNodesGroup = "system:nodes";
constexpr std::string_view kAuthenticationGroup = "authentication.k8s.io";
constexpr std::string_view kNodeOfToken = "authentication.kubernetes.io/node-name";
// So many checks of one kind are tried as one, of all there is.
constexpr size_t kManyChecks = 4;

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

struct Account {
  std::string namespace_;
  std::string name;
};

std::optional<Account> account_of(std::string_view user) {
  if (!user.starts_with(kServiceAccountPrefix)) return std::nullopt;
  auto parts = base::split(user.substr(kServiceAccountPrefix.size()), ':');
  if (parts.size() != 2 || !schema::is_dns1123_label(parts[0]) || !schema::is_dns1123_subdomain(parts[1]))
    return std::nullopt;
  return Account{std::string(parts[0]), std::string(parts[1])};
}

// "" when it is no node's.
std::string_view node_of(std::string_view user) {
  if (!user.starts_with(kNodePrefix)) return {};
  auto name = user.substr(kNodePrefix.size());
  return schema::is_dns1123_subdomain(name) ? name : std::string_view();
}

bool names_nothing_else(const User& target) {
  return target.uid.empty() && target.groups.empty() && target.extra.empty();
}

// The token of `user`, an account's, is bound to that node.
bool is_on_node(const User& user, std::string_view node) {
  if (node.empty() || !account_of(user.name)) return false;
  auto at = user.extra.find(kNodeOfToken);
  return at != user.extra.end() && at->second.size() == 1 && at->second.front() == node;
}

// A way of being allowed. The constrained ones ask first whether the request itself may be made that way.
enum class Mode : uint8_t { AssociatedNode, ArbitraryNode, ServiceAccount, UserInfo, Legacy };
constexpr Mode kModes[] = {Mode::AssociatedNode, Mode::ArbitraryNode, Mode::ServiceAccount, Mode::UserInfo,
                           Mode::Legacy};

std::string_view name_of(Mode mode) {
  switch (mode) {
    case Mode::AssociatedNode:
      return "associated-node";
    case Mode::ArbitraryNode:
      return "arbitrary-node";
    case Mode::ServiceAccount:
      return "serviceaccount";
    case Mode::UserInfo:
      return "user-info";
    case Mode::Legacy:
      break;
  }
  return "";
}

bool is_for(Mode mode, const User& user, const User& target) {
  switch (mode) {
    case Mode::AssociatedNode:
      return names_nothing_else(target) && is_on_node(user, node_of(target.name));
    case Mode::ArbitraryNode:
      return names_nothing_else(target) && !node_of(target.name).empty();
    case Mode::ServiceAccount:
      return names_nothing_else(target) && account_of(target.name);
    case Mode::UserInfo:
      return node_of(target.name).empty() && !account_of(target.name);
    case Mode::Legacy:
      break;
  }
  return true;
}

// "" when the keys and values are such as constrained impersonation lets through.
std::string complaint_about(const std::map<std::string, std::vector<std::string>, std::less<>>& extra) {
  for (const auto& [key, values] : extra) {
    if (key.empty()) return "impersonating the empty string key in extra is not allowed";
    auto slash = key.find('/');
    constexpr std::string_view kPath =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~%!$&'()*+,;=:";
    bool path = slash != std::string::npos && slash + 1 < key.size() &&
                schema::is_dns1123_subdomain(std::string_view(key).substr(0, slash)) &&
                key.find_first_not_of(kPath, slash + 1) == std::string::npos;
    if (!path) {
      return base::cat({"impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ",
                        base::quote(key), ": must be a domain-prefixed path (such as \"acme.io/foo\")"});
    }
    if (std::ranges::find(values, "") != values.end())
      return "impersonating the empty string value in extra is not allowed";
  }
  return "";
}

// The checks of one request, in one mode after the other.
class Checks {
 public:
  Checks(const AuthorizationAttributes& asked, const User& target, const Authorizer& authorizer)
      : asked_(asked), target_(target), authorizer_(authorizer) {}

  io::Task<base::Result<Impersonated>> run(Mode mode) {
    mode_ = mode;
    user_ = asked_.user;
    if (mode == Mode::AssociatedNode) {
      // Asked once for all nodes: which one it is has been looked at.
      std::vector<std::string> keys;
      for (const auto& [key, values] : user_.extra) keys.push_back(key);
      user_.extra = {{"authentication.kubernetes.io/associated-node-keys", std::move(keys)}};
    }
    Impersonated made{target_, constrained() ? base::cat({"impersonate:", name_of(mode)}) : ""};
    if (constrained()) CO_TRY(co_await check_action());
    CO_TRY(co_await check_name());
    if (!target_.uid.empty()) CO_TRY(co_await check(kAuthenticationGroup, "uids", target_.uid));
    if (!target_.groups.empty()) CO_TRY(co_await check_groups());
    if (!target_.extra.empty()) CO_TRY(co_await check_extra());
    complete(made.user);
    co_return made;
  }

 private:
  bool constrained() const { return mode_ != Mode::Legacy; }
  std::string_view group_of_users() const { return constrained() ? kAuthenticationGroup : std::string_view(); }

  AuthorizationAttributes attributes(std::string_view group, std::string_view resource, std::string_view name) const {
    AuthorizationAttributes made;
    made.user = user_;
    made.verb = constrained() ? base::cat({"impersonate:", name_of(mode_)}) : "impersonate";
    made.api_group = group;
    made.api_version = "v1";
    made.resource = resource;
    made.name = name;
    made.resource_request = true;
    return made;
  }

  io::Task<base::Result<void>> ask(AuthorizationAttributes attributes) const {
    auto answer = co_await authorizer_.authorize(attributes);
    if (answer.allowed()) co_return {};
    std::string why = answer.error;
    if (!answer.reason.empty()) why += (why.empty() ? "" : ": ") + answer.reason;
    co_return base::fail(forbidden_to(attributes, why));
  }

  io::Task<base::Result<void>> check(std::string_view group, std::string_view resource, std::string_view name) const {
    return ask(attributes(group, resource, name));
  }

  io::Task<base::Result<void>> check_action() const {
    AuthorizationAttributes action = asked_;
    action.user = user_;
    action.verb = base::cat({"impersonate-on:", name_of(mode_), ":", asked_.verb});
    return ask(std::move(action));
  }

  io::Task<base::Result<void>> check_name() const {
    auto wanted = attributes(group_of_users(), "users", target_.name);
    if (auto node = node_of(target_.name); constrained() && !node.empty()) {
      wanted.resource = "nodes";
      wanted.name = mode_ == Mode::AssociatedNode ? "*" : std::string(node);
    } else if (auto account = account_of(target_.name)) {
      wanted.resource = "serviceaccounts";
      wanted.namespace_ = account->namespace_;
      wanted.name = account->name;
    }
    return ask(std::move(wanted));
  }

  io::Task<base::Result<void>> check_groups() const {
    const auto& groups = target_.groups;
    if (constrained()) {
      for (std::string_view never : {std::string_view(), kMastersGroup}) {
        if (std::ranges::find(groups, never) == groups.end()) continue;
        co_return base::fail(forbidden_to(attributes(group_of_users(), "groups", never),
                                          never.empty() ? "impersonating the empty string group is not allowed"
                                                        : "impersonating the system:masters group is not allowed"));
      }
      if (groups.size() >= kManyChecks && co_await check(group_of_users(), "groups", "*")) co_return {};
    }
    for (const auto& group : groups) CO_TRY(co_await check(group_of_users(), "groups", group));
    co_return {};
  }

  io::Task<base::Result<void>> check_extra() const {
    auto wanted = attributes(kAuthenticationGroup, "userextras", "");
    if (constrained()) {
      if (auto complaint = complaint_about(target_.extra); !complaint.empty())
        co_return base::fail(forbidden_to(wanted, complaint));
      size_t values = 0;
      for (const auto& one : target_.extra) values += one.second.size();
      wanted.subresource = wanted.name = "*";
      if (values >= kManyChecks && co_await ask(wanted)) co_return {};
    }
    for (const auto& [key, values] : target_.extra) {
      wanted.subresource = key;
      for (const auto& value : values) {
        wanted.name = value;
        CO_TRY(co_await ask(wanted));
      }
    }
    co_return {};
  }

  // The groups that go with the name.
  void complete(User& made) const {
    if (constrained() && !node_of(made.name).empty()) made.groups = {std::string(kNodesGroup)};
    if (auto account = account_of(made.name); account && made.groups.empty())
      made.groups = {"system:serviceaccounts", "system:serviceaccounts:" + account->namespace_};
    auto has = [&](std::string_view group) { return std::ranges::find(made.groups, group) != made.groups.end(); };
    if (made.name == kAnonymousUser) {
      if (!has(kUnauthenticatedGroup)) made.groups.emplace_back(kUnauthenticatedGroup);
    } else if (!has(kAuthenticatedGroup) && !has(kUnauthenticatedGroup)) {
      made.groups.emplace_back(kAuthenticatedGroup);
    }
  }

  const AuthorizationAttributes& asked_;
  const User& target_;
  const Authorizer& authorizer_;
  Mode mode_ = Mode::Legacy;
  User user_;  // who asks, as this mode shows him
};

}  // namespace

bool wants_impersonation(const io::Headers& headers) {
  return std::ranges::any_of(headers.fields(),
                             [](const auto& field) { return field.name.starts_with("impersonate-"); });
}

io::Task<base::Result<std::optional<Impersonated>>> impersonate(const AuthorizationAttributes& asked,
                                                                const io::Headers& headers,
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
    if (names_nothing_else(target)) co_return std::nullopt;
    co_return base::fail(bad_request(base::cat({"requested ", go_user(target), " without impersonating a user name"})));
  }
  Checks checks(asked, target, authorizer);
  std::optional<base::Error> first;
  for (Mode mode : kModes) {
    if (!is_for(mode, asked.user, target)) continue;
    auto made = co_await checks.run(mode);
    if (made) co_return std::move(*made);
    if (!first) first = std::move(made).error();
  }
  co_return base::fail(std::move(*first));
}

}  // namespace apiserver
