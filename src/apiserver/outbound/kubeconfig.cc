#include "apiserver/outbound/kubeconfig.h"

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

base::Result<std::string> data_or_file(const std::string& data, const std::string& file) {
  if (!data.empty() || file.empty()) return data;
  return base::read_file(file);
}

}  // namespace

base::Result<Destination> destination_of_kubeconfig(std::string_view yaml) {
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
  TRY(to.authority, data_or_file(server.certificate_authority_data, server.certificate_authority));
  const auto* user = find(config.users, context->context.user);
  if (user == nullptr) return to;
  const auto& who = user->user;
  TRY(to.certificate, data_or_file(who.client_certificate_data, who.client_certificate));
  TRY(to.key, data_or_file(who.client_key_data, who.client_key));
  TRY(auto token, data_or_file(who.token, who.token_file));
  if (!token.empty()) {
    to.authorization = base::cat({"Bearer ", base::trim(token)});
  } else if (!who.username.empty()) {
    to.authorization = base::cat({"Basic ", base::base64_encode(base::cat({who.username, ":", who.password}))});
  }
  return to;
}

}  // namespace apiserver
