#include "client/kubeconfig.h"

#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"
#include "schema/value.h"
#include "schema/yaml.h"

namespace client {
namespace {

using base::Code;
using base::Result;
using schema::Value;

// The entry of that name in a list of {name, <member>: ...}.
const Value* named(const Value& config, std::string_view list, std::string_view name, std::string_view member) {
  const Value* entries = config.find(list);
  if (entries == nullptr || !entries->is_array()) return nullptr;
  for (const Value& entry : entries->as_array()) {
    if (entry.text_at({"name"}) == name) return entry.find(member);
  }
  return nullptr;
}

std::string path_of(std::string_view path, const std::string& folder) {
  if (path.empty() || path.starts_with('/') || folder.empty()) return std::string(path);
  return base::cat({folder, "/", path});
}

Result<std::string> data_of(const Value& object, std::string_view key) {
  std::string_view encoded = object.text_at({key});
  auto decoded = base::base64_decode(encoded);
  if (!decoded) return base::fail(decoded.error().with_context(base::cat({"kubeconfig: ", key})));
  return decoded;
}

bool truth_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

}  // namespace

Result<Access> parse_kubeconfig(std::string_view text, const std::string& folder, const std::string& context) {
  TRY(Value config, schema::parse_yaml(text));
  if (!config.is_object()) return base::fail(Code::BadRequest, "kubeconfig: not an object");
  std::string name = context.empty() ? std::string(config.text_at({"current-context"})) : context;
  const Value* chosen = named(config, "contexts", name, "context");
  if (chosen == nullptr) return base::fail(Code::Invalid, base::cat({"kubeconfig: no context \"", name, "\""}));
  const Value* cluster = named(config, "clusters", chosen->text_at({"cluster"}), "cluster");
  if (cluster == nullptr)
    return base::fail(Code::Invalid, base::cat({"kubeconfig: no cluster \"", chosen->text_at({"cluster"}), "\""}));

  Access access;
  access.namespace_ = chosen->text_at({"namespace"});
  access.server = cluster->text_at({"server"});
  access.tls_server_name = cluster->text_at({"tls-server-name"});
  access.insecure = truth_at(*cluster, "insecure-skip-tls-verify");
  access.ca_file = path_of(cluster->text_at({"certificate-authority"}), folder);
  TRY(access.ca_data, data_of(*cluster, "certificate-authority-data"));
  if (access.server.empty()) return base::fail(Code::Invalid, "kubeconfig: the cluster has no server");

  std::string_view user_name = chosen->text_at({"user"});
  if (user_name.empty()) return access;
  const Value* user = named(config, "users", user_name, "user");
  if (user == nullptr) return base::fail(Code::Invalid, base::cat({"kubeconfig: no user \"", user_name, "\""}));
  if (!user->is_object()) return access;
  if (user->find("exec") != nullptr || user->find("auth-provider") != nullptr) {
    return base::fail(Code::Invalid, base::cat({"kubeconfig: user \"", user_name, "\" needs a credential plug-in"}));
  }
  access.certificate_file = path_of(user->text_at({"client-certificate"}), folder);
  access.key_file = path_of(user->text_at({"client-key"}), folder);
  TRY(access.certificate_data, data_of(*user, "client-certificate-data"));
  TRY(access.key_data, data_of(*user, "client-key-data"));
  access.token = user->text_at({"token"});
  access.token_file = path_of(user->text_at({"tokenFile"}), folder);
  access.username = user->text_at({"username"});
  access.password = user->text_at({"password"});
  return access;
}

Result<Access> load_kubeconfig(const std::string& path, const std::string& context) {
  TRY(std::string text, base::read_file(path));
  size_t slash = path.rfind('/');
  auto access = parse_kubeconfig(text, slash == std::string::npos ? "" : path.substr(0, slash), context);
  if (!access) return base::fail(access.error().with_context(path));
  return access;
}

Result<Access> in_cluster_access() {
  constexpr std::string_view kFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
  const char* host = getenv("KUBERNETES_SERVICE_HOST");
  const char* port = getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr)
    return base::fail(Code::NotFound, "not in a pod: KUBERNETES_SERVICE_HOST is not set");
  Access access;
  bool v6 = std::string_view(host).find(':') != std::string_view::npos;
  access.server = base::cat({"https://", v6 ? "[" : "", host, v6 ? "]" : "", ":", port});
  access.ca_file = base::cat({kFolder, "/ca.crt"});
  access.token_file = base::cat({kFolder, "/token"});
  return access;
}

std::string write_kubeconfig(const Access& access, std::string_view cluster_name, std::string_view user_name) {
  auto put = [](Value& object, std::string_view key, std::string_view text) {
    if (!text.empty()) object.as_object().set(key, Value(text));
  };
  Value cluster = Value::object();
  put(cluster, "server", access.server);
  put(cluster, "tls-server-name", access.tls_server_name);
  if (access.insecure) cluster.as_object().set("insecure-skip-tls-verify", Value(true));
  put(cluster, "certificate-authority", access.ca_data.empty() ? access.ca_file : "");
  put(cluster, "certificate-authority-data", base::base64_encode(access.ca_data));
  Value user = Value::object();
  put(user, "client-certificate", access.certificate_data.empty() ? access.certificate_file : "");
  put(user, "client-certificate-data", base::base64_encode(access.certificate_data));
  put(user, "client-key", access.key_data.empty() ? access.key_file : "");
  put(user, "client-key-data", base::base64_encode(access.key_data));
  put(user, "token", access.token);
  put(user, "tokenFile", access.token_file);
  put(user, "username", access.username);
  put(user, "password", access.password);
  Value context = Value::object({{"cluster", Value(cluster_name)}, {"user", Value(user_name)}});
  put(context, "namespace", access.namespace_);
  Value config = Value::object({
      {"apiVersion", Value("v1")},
      {"kind", Value("Config")},
      {"clusters", Value::array({Value::object({{"name", Value(cluster_name)}, {"cluster", std::move(cluster)}})})},
      {"users", Value::array({Value::object({{"name", Value(user_name)}, {"user", std::move(user)}})})},
      {"contexts", Value::array({Value::object({{"name", Value(cluster_name)}, {"context", std::move(context)}})})},
      {"current-context", Value(cluster_name)},
  });
  return schema::to_yaml(config);
}

}  // namespace client
