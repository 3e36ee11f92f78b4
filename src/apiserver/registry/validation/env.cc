// Variables: names, and where their values come from.

#include <algorithm>

#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

// What the downward API of pods understands at all; each use allows a part of it.
std::string conversion_problem(std::string_view version, std::string_view path, bool subscripted,
                               std::string_view whole) {
  if (version != "v1") return base::cat({"unsupported pod version: ", version});
  if (subscripted) {
    if (path == "metadata.annotations" || path == "metadata.labels") return "";
    return base::cat({"field label does not support subscript: ", whole});
  }
  if (is_one_of(path,
                {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
                 "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase",
                 "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", "spec.host"})) {
    return "";
  }
  return base::cat({"field label not supported: ", whole});
}

template <class Source>
void check_source_name(Report& report, const Source& source, const Place& at) {
  Place name(at, "name");
  if (source.name.empty()) {
    report.required(name);
    return;
  }
  // A prefix would do: it may end in a dash.
  std::string text = source.name;
  if (text.ends_with('-')) text.back() = 'a';
  report.problems(name, source.name, schema::check_dns1123_subdomain(text));
}

template <class Selector>
void check_key_selector(Report& report, const Selector& selector, const Place& at) {
  report.problems(Place(at, "name"), selector.name, schema::check_dns1123_subdomain(selector.name));
  Place key(at, "key");
  if (selector.key.empty()) {
    report.required(key);
  } else {
    report.problems(key, selector.key, schema::check_config_key(selector.key));
  }
}

void check_file_key(Report& report, const core::FileKeySelector& file, const Place& at) {
  Place key(at, "key");
  if (file.key.empty()) {
    report.required(key);
  } else {
    report.problems(key, file.key, schema::check_relaxed_env_var_name(file.key));
  }
  Place volume_name(at, "volumeName");
  if (file.volume_name.empty()) {
    report.required(volume_name);
  } else {
    report.problems(volume_name, file.volume_name, schema::check_dns1123_label(file.volume_name));
  }
  Place path(at, "path");
  if (file.path.empty()) {
    report.required(path);
  } else {
    check_no_backsteps(report, file.path, path);
  }
}

void check_value_from(Report& report, const core::EnvVar& variable, const Place& at) {
  const auto& from = *variable.value_from;
  int sources = 0;
  if (from.field_ref) {
    ++sources;
    check_field_ref(report, *from.field_ref,
                    {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
                     "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"},
                    Place(at, "fieldRef"));
  }
  if (from.resource_field_ref) {
    ++sources;
    check_resource_field_ref(report, *from.resource_field_ref, ResourceFieldUse::Variable,
                             Place(at, "resourceFieldRef"));
  }
  if (from.config_map_key_ref) {
    ++sources;
    check_key_selector(report, *from.config_map_key_ref, Place(at, "configMapKeyRef"));
  }
  if (from.secret_key_ref) {
    ++sources;
    check_key_selector(report, *from.secret_key_ref, Place(at, "secretKeyRef"));
  }
  if (from.file_key_ref) {
    ++sources;
    check_file_key(report, *from.file_key_ref, Place(at, "fileKeyRef"));
  }
  if (sources == 0) {
    report.invalid(
        at, "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  } else if (!variable.value.empty()) {
    report.invalid(at, "", "may not be specified when `value` is not empty");
  } else if (sources > 1) {
    report.invalid(at, "", "may not have more than one field specified at a time");
  }
}

void check_divisor(Report& report, const core::ResourceFieldSelector& field, const Place& at) {
  if (field.divisor.is_zero()) return;
  static constexpr Supported kSizes = {"1",   "1k",  "1M",  "1G",  "1T",  "1P", "1E",
                                       "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  constexpr std::string_view kOnlySizes =
      "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the ";
  std::string divisor = field.divisor.to_string();
  std::string_view name = field.resource;
  Place here(at, "divisor");
  if (name == "limits.cpu" || name == "requests.cpu") {
    if (divisor != "1m" && divisor != "1") {
      report.invalid(here, name, "only divisor's values 1m and 1 are supported with the cpu resource");
    }
    return;
  }
  std::string_view what;
  if (name == "limits.memory" || name == "requests.memory") what = "memory resource";
  if (name == "limits.ephemeral-storage" || name == "requests.ephemeral-storage")
    what = "local ephemeral storage resource";
  if (name.starts_with("requests.hugepages-") || name.starts_with("limits.hugepages-")) what = "hugepages resource";
  if (!what.empty() && !is_one_of(divisor, kSizes)) report.invalid(here, name, base::cat({kOnlySizes, what}));
}

void check_env_from(Report& report, const std::vector<core::EnvFromSource>& sources, const Place& at) {
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto& source = sources[i];
    Place here(at, i);
    if (!source.prefix.empty()) {
      report.problems(Place(here, "prefix"), source.prefix, schema::check_relaxed_env_var_name(source.prefix));
    }
    if (source.config_map_ref) check_source_name(report, *source.config_map_ref, Place(here, "configMapRef"));
    if (source.secret_ref) check_source_name(report, *source.secret_ref, Place(here, "secretRef"));
    if (!source.config_map_ref && !source.secret_ref) {
      report.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`");
    } else if (source.config_map_ref && source.secret_ref) {
      report.invalid(at, "", "may not have more than one field specified at a time");
    }
  }
}

}  // namespace

template <class Container>
void check_env(Report& report, const Container& container, const Place& at) {
  Place env(at, "env");
  for (size_t i = 0; i < container.env.size(); ++i) {
    const auto& variable = container.env[i];
    Place here(env, i);
    if (variable.name.empty()) {
      report.required(Place(here, "name"));
    } else {
      report.problems(Place(here, "name"), variable.name, schema::check_relaxed_env_var_name(variable.name));
    }
    if (variable.value_from) check_value_from(report, variable, Place(here, "valueFrom"));
  }
  check_env_from(report, container.env_from, Place(at, "envFrom"));
}

template void check_env(Report&, const core::Container&, const Place&);
template void check_env(Report&, const core::EphemeralContainer&, const Place&);

void check_file_key_volumes(Report& report, const core::PodSpec& spec, const Place& at) {
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    Place env(here, "env");
    for (size_t i = 0; i < container.env.size(); ++i) {
      if (!container.env[i].value_from || !container.env[i].value_from->file_key_ref) continue;
      const auto& name = container.env[i].value_from->file_key_ref->volume_name;
      Place variable(env, i);
      Place volume_name(variable, "valueFrom.fileKeyRef.volumeName");
      auto volume = std::ranges::find(spec.volumes, name, &core::Volume::name);
      if (volume == spec.volumes.end()) {
        report.not_found(volume_name, name);
      } else if (!volume->empty_dir) {
        report.invalid(volume_name, name, "referenced volume must be of type emptyDir");
      }
    }
  });
}

void check_field_ref(Report& report, const core::ObjectFieldSelector& field, Supported paths, const Place& at) {
  if (field.api_version.empty()) {
    report.required(Place(at, "apiVersion"));
    return;
  }
  if (field.field_path.empty()) {
    report.required(Place(at, "fieldPath"));
    return;
  }
  // "metadata.labels['key']"
  std::string_view whole = field.field_path;
  std::string_view path = whole;
  std::string_view subscript;
  size_t bracket = whole.find("['");
  bool subscripted = whole.ends_with("']") && bracket != whole.npos && bracket != 0 && bracket + 4 <= whole.size();
  if (subscripted) {
    path = whole.substr(0, bracket);
    subscript = whole.substr(bracket + 2, whole.size() - bracket - 4);
  }
  if (auto problem = conversion_problem(field.api_version, path, subscripted, whole); !problem.empty()) {
    report.invalid(Place(at, "fieldPath"), whole, "error converting fieldPath: " + problem);
    return;
  }
  if (subscripted) {
    std::string key(subscript);
    if (path == "metadata.annotations") key = base::to_lower(key);
    report.problems(at, key, schema::check_qualified_name(key));
    return;
  }
  if (path == "spec.host") path = "spec.nodeName";
  report.one_of(Place(at, "fieldPath"), path, paths);
}

void check_resource_field_ref(Report& report, const core::ResourceFieldSelector& field, ResourceFieldUse use,
                              const Place& at) {
  if (use == ResourceFieldUse::File && field.container_name.empty()) {
    report.required(Place(at, "containerName"));
  } else if (field.resource.empty()) {
    report.required(Place(at, "resource"));
  } else if (!field.resource.starts_with("limits.hugepages-") && !field.resource.starts_with("requests.hugepages-")) {
    report.one_of(Place(at, "resource"), field.resource,
                  {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
                   "requests.ephemeral-storage", "requests.memory"});
  }
  check_divisor(report, field, at);
}

}  // namespace apiserver
