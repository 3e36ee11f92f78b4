// Which authorizers there are, in which order: a file of kind AuthorizationConfiguration, or the older flags.
// Kubernetes documentation, "Authorization".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/apiserver_config_k8s_io_v1.h"
#include "apiserver/authz/authorization_metrics.h"
#include "apiserver/pipeline/authorizer.h"
#include "base/clock.h"
#include "base/result.h"

namespace apiserver {

using AuthorizationConfiguration = api::apiserver_config_k8s_io_v1::AuthorizationConfiguration;

// The text of a file, with defaults. BadRequest for another kind and for unknown fields; v1 and v1beta1 are read.
base::Result<AuthorizationConfiguration> read_authorization_configuration(std::string_view yaml);

// What the flags say instead.
struct AuthorizationFlags {
  std::vector<std::string> modes;  // --authorization-mode; none: Node, RBAC
  std::string webhook_kubeconfig;  // a file's name
  std::string webhook_version = "v1beta1";
  int64_t webhook_allowed_remember_ns = 300'000'000'000;
  int64_t webhook_refused_remember_ns = 30'000'000'000;
};
// BadRequest, in upstream's words, when they make no sense together.
base::Result<AuthorizationConfiguration> configuration_of(const AuthorizationFlags& flags);

// Whom the configuration can name beside webhooks. Borrowed.
struct KnownAuthorizers {
  std::shared_ptr<const Authorizer> node, rbac;
  const base::Clock& clock;
  AuthorizationMetrics& metrics;
};
// One authorizer of all. BadRequest for what breaks a rule, all that is wrong in one text: `authorizers[0].name:
// Required value`. Reads the kubeconfigs that it names.
base::Result<std::shared_ptr<const Authorizer>> make_authorizer(const AuthorizationConfiguration& configuration,
                                                                const KnownAuthorizers& known);

}  // namespace apiserver
