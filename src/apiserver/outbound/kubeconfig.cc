#include "apiserver/outbound/kubeconfig.h"

#include <cstdlib>

#include "api/kubeconfig_v1.h"
#include "base/file.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

namespace kubeconfig = api::kubeconfig_v1;

template <class Named>
const Named* find(const std::vector<Named>& list, std::string_view name) {
  for (const auto& one : list) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

base::Result<std::string> data_or_file(const std::string& data, const std::string& file, const std::string& directory) {
  if (!data.empty() || file.empty()) return data;
  return base::read_file(directory.empty() || file.starts_with('/') ? file : base::cat({directory, "/", file}));
}

}  // namespace

base::Result<Destination> destination_in_cluster() {
  constexpr std::string_view kFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
  const char* host = getenv("KUBERNETES_SERVICE_HOST");
  const char* port = getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return base::fail(
        base::Code::NotFound,
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must "
        "be defined");
  }
  bool v6 = std::string_view(host).find(':') != std::string_view::npos;
  Destination to;
  to.url = base::cat({"https://", v6 ? "[" : "", host, v6 ? "]" : "", ":", port});
  to.target = "/";
  TRY(to.authority, base::read_file(base::cat({kFolder, "/ca.crt"})));
  TRY(auto token, base::read_file(base::cat({kFolder, "/token"})));
  to.authorization = base::cat({"Bearer ", base::trim(token)});
  return to;
}

base::Result<Destination> destination_of_kubeconfig(std::string_view yaml, const std::string& directory) {
  TRY(auto json, schema::yaml_to_json(yaml));
  TRY(auto config, schema::from_json<kubeconfig::Config>(json));
  const auto* context = find(config.contexts, config.current_context);
  if (context == nullptr) return base::fail(base::Code::BadRequest, "kubeconfig: no current context");
  const auto* cluster = find(config.clusters, context->context.cluster);
  if (cluster == nullptr || cluster->cluster.server.empty())
    return base::fail(base::Code::BadRequest, "kubeconfig: the context has no server");
  const auto& server = cluster->cluster;
  Destination to;
  auto scheme = server.server.find("://");
  auto path = scheme == std::string::npos ? std::string::npos : server.server.find('/', scheme + 3);
  to.url = server.server.substr(0, path);
  to.target = path == std::string::npos ? "/" : server.server.substr(path);
  to.server_name = server.tls_server_name;
  to.skip_verify = server.insecure_skip_tls_verify;
  TRY(to.authority, data_or_file(server.certificate_authority_data, server.certificate_authority, directory));
  const auto* user = find(config.users, context->context.user);
  if (user == nullptr) return to;
  const auto& who = user->user;
  TRY(to.certificate, data_or_file(who.client_certificate_data, who.client_certificate, directory));
  TRY(to.key, data_or_file(who.client_key_data, who.client_key, directory));
  TRY(auto token, data_or_file(who.token, who.token_file, directory));
  if (!token.empty()) {
    to.authorization = base::cat({"Bearer ", base::trim(token)});
  } else if (!who.username.empty()) {
    to.authorization = base::cat({"Basic ", base::base64_encode(base::cat({who.username, ":", who.password}))});
  }
  return to;
}

}  // namespace apiserver
