#include "apiserver/admission/settings.h"

#include "api/apiserver_config_k8s_io_v1.h"
#include "api/pod_security_admission_config_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/optional/optional.h"
#include "base/file.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;
namespace pod_security_config = api::pod_security_admission_config_k8s_io_v1;

std::unexpected<base::Error> refuse(std::initializer_list<std::string_view> why) {
  return base::fail(base::Code::BadRequest, base::cat(why));
}

template <class T>
base::Result<T> read_strictly(std::string_view json, std::string_view group, std::string_view kind) {
  TRY(auto type, schema::read_type_meta(json));
  if (type.kind != kind || !type.api_version.starts_with(base::cat({group, "/v1"}))) {
    return refuse({"no kind ", base::quote(type.kind), " is registered for version ", base::quote(type.api_version)});
  }
  std::vector<std::string> strict_errors;
  TRY(auto read, schema::from_json<T>(json, &strict_errors));
  if (!strict_errors.empty()) return refuse({"strict decoding error: ", base::join(strict_errors, ", ")});
  return read;
}

// Defaults are said in the words of a namespace's labels, and read as those are.
base::Result<PodSecurityOptions> read_pod_security(std::string_view json) {
  TRY(auto read, read_strictly<pod_security_config::PodSecurityConfiguration>(
                     json, "pod-security.admission.config.k8s.io", "PodSecurityConfiguration"));
  const auto& given = read.defaults;
  pod_security::Labels labels;
  auto add = [&](std::string_view mode, const std::string& level, const std::string& version) {
    if (!level.empty()) labels[base::cat({"pod-security.kubernetes.io/", mode})] = level;
    if (!version.empty()) labels[base::cat({"pod-security.kubernetes.io/", mode, "-version"})] = version;
  };
  add("enforce", given.enforce, given.enforce_version);
  add("audit", given.audit, given.audit_version);
  add("warn", given.warn, given.warn_version);
  schema::FieldErrors errors;
  PodSecurityOptions options;
  options.defaults = pod_security::read_policy(labels, {}, errors);
  if (!errors.empty()) return refuse({to_string(errors)});
  options.exempt_users = read.exemptions.usernames;
  options.exempt_namespaces = read.exemptions.namespaces;
  options.exempt_runtime_classes = read.exemptions.runtime_classes;
  return options;
}

base::Result<void> check_document(std::string_view step, std::string_view json) {
  using Make = base::Result<std::unique_ptr<AdmissionPlugin>> (*)(std::string_view);
  constexpr std::pair<std::string_view, Make> kReaders[] = {
      {"EventRateLimit", make_event_rate_limit},
      {"ImagePolicyWebhook", make_image_policy_webhook},
      {"PodTolerationRestriction", make_pod_toleration_restriction}};
  for (const auto& [name, make] : kReaders) {
    if (name == step) TRY(make(json));
  }
  return {};
}

// What the file says of one step: in place, or in a file beside it.
base::Result<std::string> document_of(const config::AdmissionPluginConfiguration& plugin, const std::string& folder) {
  if (!plugin.configuration.empty()) return plugin.configuration;
  if (plugin.path.empty()) return std::string();
  TRY(auto text, base::read_file(plugin.path.starts_with('/') ? plugin.path : base::cat({folder, "/", plugin.path})));
  return schema::yaml_to_json(text);
}

base::Result<void> add(const config::AdmissionPluginConfiguration& plugin, const std::string& folder,
                       AdmissionSettings& settings) {
  if (!is_admission_step(plugin.name)) return refuse({"plugin ", base::quote(plugin.name), " is unknown"});
  TRY(auto json, document_of(plugin, folder));
  if (json.empty()) return {};
  if (plugin.name == "PodSecurity") {
    TRY(settings.pod_security, read_pod_security(json));
    return {};
  }
  TRY(check_document(plugin.name, json));
  settings.documents[plugin.name] = std::move(json);
  return {};
}

}  // namespace

base::Result<AdmissionSettings> read_admission_settings(const std::string& path) {
  auto failed = [&](const base::Error& error) {
    return refuse(
        {"unable to read admission control configuration from ", base::quote(path), " [", error.message(), "]"});
  };
  auto text = base::read_file(path);
  if (!text) return failed(text.error());
  auto json = schema::yaml_to_json(*text, schema::DuplicateKeys::Refused);
  if (!json) return failed(json.error());
  auto read = read_strictly<config::AdmissionConfiguration>(*json, "apiserver.config.k8s.io", "AdmissionConfiguration");
  if (!read) return failed(read.error());
  auto slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  AdmissionSettings settings;
  for (const auto& plugin : read->plugins) {
    if (auto added = add(plugin, folder, settings); !added) {
      return refuse({"admission plugin ", base::quote(plugin.name), ": ", added.error().message()});
    }
  }
  return settings;
}

}  // namespace apiserver
