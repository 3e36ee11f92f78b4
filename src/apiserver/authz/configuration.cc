#include "apiserver/authz/configuration.h"

#include <algorithm>

#include "apiserver/authz/always.h"
#include "apiserver/authz/configuration_rules.h"
#include "apiserver/authz/union.h"
#include "apiserver/authz/webhook_authorizer.h"
#include "apiserver/outbound/kubeconfig.h"
#include "apiserver/pipeline/configuration_text.h"
#include "base/file.h"
#include "base/strings.h"
#include "base/time.h"

namespace apiserver {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;

constexpr std::string_view kModes[] = {"AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node"};

std::unexpected<base::Error> refuse(std::string_view why) {
  return base::fail(base::Code::BadRequest, std::string(why));
}

void set_defaults(config::WebhookConfiguration& webhook) {
  if (webhook.authorized_ttl.ns == 0) webhook.authorized_ttl.ns = 300'000'000'000;
  if (webhook.unauthorized_ttl.ns == 0) webhook.unauthorized_ttl.ns = 30'000'000'000;
  if (!webhook.cache_authorized_requests) webhook.cache_authorized_requests = true;
  if (!webhook.cache_unauthorized_requests) webhook.cache_unauthorized_requests = true;
}

base::Result<Destination> destination_of(const config::WebhookConnectionInfo& info) {
  if (info.type == "InClusterConfig") return destination_in_cluster();
  const std::string& file = *info.kube_config_file;
  TRY(auto yaml, base::read_file(file));
  auto to = destination_of_kubeconfig(yaml, file.substr(0, file.rfind('/')));
  if (!to) return base::fail(to.error().with_context(file));
  return to;
}

std::vector<std::string> expressions_of(const config::WebhookConfiguration& webhook) {
  std::vector<std::string> expressions;
  for (const auto& condition : webhook.match_conditions) expressions.push_back(condition.expression);
  return expressions;
}

base::Result<std::shared_ptr<const Authorizer>> make_webhook(const std::string& name,
                                                             const config::WebhookConfiguration& webhook,
                                                             AuthorizerConditions conditions,
                                                             const KnownAuthorizers& known) {
  WebhookAuthorizer::Options options;
  options.name = name;
  TRY(options.server, destination_of(webhook.connection_info));
  options.server.target += base::cat({"?timeout=", base::format_duration(webhook.timeout.ns)});
  options.review_version = webhook.subject_access_review_version;
  options.allowed_remember_ns = webhook.cache_authorized_requests.value_or(true) ? webhook.authorized_ttl.ns : 0;
  options.refused_remember_ns = webhook.cache_unauthorized_requests.value_or(true) ? webhook.unauthorized_ttl.ns : 0;
  options.timeout_ns = webhook.timeout.ns;
  options.on_error = webhook.failure_policy == "Deny" ? Decision::Deny : Decision::NoOpinion;
  options.conditions = std::move(conditions);
  return std::make_shared<const WebhookAuthorizer>(std::move(options), known.clock, known.metrics);
}

}  // namespace

base::Result<AuthorizationConfiguration> read_authorization_configuration(std::string_view yaml) {
  TRY(auto read, read_configuration_text<AuthorizationConfiguration>(
                     yaml, "apiserver.config.k8s.io", {"v1", "v1beta1", "v1alpha1"}, "AuthorizationConfiguration"));
  for (auto& one : read.authorizers) {
    if (one.webhook) set_defaults(*one.webhook);
  }
  return read;
}

base::Result<AuthorizationConfiguration> configuration_of(const AuthorizationFlags& flags) {
  AuthorizationConfiguration made;
  auto modes = flags.modes.empty() ? std::vector<std::string>{"Node", "RBAC"} : flags.modes;
  for (const auto& mode : modes) {
    if (std::ranges::find(kModes, std::string_view(mode)) == std::end(kModes))
      return refuse(base::cat({"authorization-mode ", base::quote(mode), " is not a valid mode"}));
    if (mode == "ABAC") return refuse("authorization-mode \"ABAC\" is not supported by navarch: use RBAC or a webhook");
    if (std::ranges::count(modes, mode) > 1)
      return refuse(base::cat({"authorization-mode ", base::quote("[" + base::join(modes, " ") + "]"),
                               " has mode specified more than once"}));
    auto& one = made.authorizers.emplace_back();
    one.type = mode;
    one.name = base::to_lower(mode);
    if (mode != "Webhook") continue;
    if (flags.webhook_kubeconfig.empty())
      return refuse("authorization-mode Webhook's authorization config file not passed");
    one.name = "default";
    auto& webhook = one.webhook.emplace();
    webhook.authorized_ttl.ns = flags.webhook_allowed_remember_ns;
    webhook.unauthorized_ttl.ns = flags.webhook_refused_remember_ns;
    webhook.cache_authorized_requests = flags.webhook_allowed_remember_ns > 0;
    webhook.cache_unauthorized_requests = flags.webhook_refused_remember_ns > 0;
    set_defaults(webhook);
    webhook.timeout.ns = 30'000'000'000;
    webhook.failure_policy = "NoOpinion";
    webhook.subject_access_review_version = flags.webhook_version;
    webhook.connection_info.type = "KubeConfigFile";
    webhook.connection_info.kube_config_file = flags.webhook_kubeconfig;
  }
  bool asks = std::ranges::find(modes, "Webhook") != modes.end();
  if (!asks && !flags.webhook_kubeconfig.empty())
    return refuse("cannot specify --authorization-webhook-config-file without mode Webhook");
  return made;
}

base::Result<std::shared_ptr<const Authorizer>> make_authorizer(const AuthorizationConfiguration& configuration,
                                                                const KnownAuthorizers& known) {
  auto errors = check_authorizers(configuration);
  std::vector<AuthorizerConditions> conditions;
  for (size_t i = 0; i < configuration.authorizers.size(); ++i) {
    auto& made = conditions.emplace_back();
    const auto& webhook = configuration.authorizers[i].webhook;
    auto path = schema::FieldPath("authorizers").index(i).child("webhook", "matchConditions");
    if (webhook) made = AuthorizerConditions::compile(expressions_of(*webhook), path, errors);
  }
  if (!errors.empty()) return base::fail(base::Code::BadRequest, schema::to_string(errors));

  std::vector<UnionAuthorizer::Member> members;
  for (size_t i = 0; i < configuration.authorizers.size(); ++i) {
    const auto& one = configuration.authorizers[i];
    auto& member = members.emplace_back(one.type, one.name);
    if (one.type == "Node") member.authorizer = known.node;
    if (one.type == "RBAC") member.authorizer = known.rbac;
    if (one.type == "AlwaysAllow") member.authorizer = std::make_shared<AlwaysAuthorizer>(Decision::Allow);
    if (one.type == "AlwaysDeny") member.authorizer = std::make_shared<AlwaysAuthorizer>(Decision::NoOpinion);
    if (one.type != "Webhook") continue;
    auto webhook = make_webhook(one.name, *one.webhook, std::move(conditions[i]), known);
    if (!webhook) return base::fail(webhook.error().with_context(base::cat({"authorizer ", base::quote(one.name)})));
    member.authorizer = std::move(*webhook);
  }
  return std::make_shared<const UnionAuthorizer>(members, &known.metrics);
}

}  // namespace apiserver
