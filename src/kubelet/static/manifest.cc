#include "kubelet/static/manifest.h"

#include <openssl/evp.h>

#include "base/strings.h"
#include "base/time.h"
#include "kubelet/pods/environment.h"
#include "kubelet/runtime/records.h"
#include "schema/defaults.h"
#include "schema/json.h"
#include "schema/yaml.h"

namespace kubelet {
namespace {

constexpr size_t kUidBytes = 16;

base::Error bad(std::initializer_list<std::string_view> words) {
  return {base::Code::BadRequest, base::cat(words)};
}

// The same for the same manifest at the same place on the same node.
std::string uid_of(const core::Pod& pod, const ManifestSource& source) {
  std::string text = base::cat(
      {schema::to_json(pod), "host:", source.node_name, source.kind == "file" ? "file:" : "url:", source.place});
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return base::hex_encode({reinterpret_cast<const char*>(digest), kUidBytes});
}

// What of the API the pod refers to; "" nothing.
std::string_view api_reference(const core::Pod& pod) {
  if (!pod.spec.service_account_name.empty()) return "serviceaccounts";
  auto names = referenced_objects(pod);
  if (!names.secrets.empty()) return "secrets";
  if (!names.config_maps.empty()) return "configmaps";
  for (const auto& volume : pod.spec.volumes) {
    if (volume.persistent_volume_claim || volume.ephemeral) return "persistentvolumeclaims";
    if (!volume.projected) continue;
    for (const auto& source : volume.projected->sources)
      if (source.service_account_token) return "serviceaccounts";
  }
  if (!pod.spec.resource_claims.empty()) return "resourceclaims";
  return "";
}

base::Result<void> check(const core::Pod& pod) {
  if (pod.metadata.name.empty()) return base::fail(bad({"invalid pod: metadata.name: Required value"}));
  if (pod.spec.containers.empty()) return base::fail(bad({"invalid pod: spec.containers: Required value"}));
  for (const auto& container : pod.spec.containers)
    if (container.name.empty() || container.image.empty())
      return base::fail(bad({"invalid pod: spec.containers: name and image: Required value"}));
  if (auto reference = api_reference(pod); !reference.empty())
    return base::fail(bad({"static pods may not reference ", reference}));
  return {};
}

base::Result<core::Pod> complete(core::Pod pod, const ManifestSource& source) {
  TRY(check(pod));
  if (pod.metadata.uid.empty()) pod.metadata.uid = uid_of(pod, source);
  schema::Object object(std::move(pod));
  schema::apply_defaults(object);
  pod = std::move(object).take<core::Pod>();
  pod.metadata.name = base::cat({pod.metadata.name, "-", base::to_lower(source.node_name)});
  if (pod.metadata.namespace_.empty()) pod.metadata.namespace_ = "default";
  pod.spec.node_name = source.node_name;
  auto& toleration = pod.spec.tolerations.emplace_back();
  toleration.operator_ = "Exists";
  toleration.effect = "NoExecute";
  auto& annotations = pod.metadata.annotations;
  annotations[std::string(kConfigHashAnnotation)] = pod.metadata.uid;
  annotations[std::string(kConfigSourceAnnotation)] = source.kind;
  annotations[std::string(kConfigSeenAnnotation)] = base::format_rfc3339_micro(base::Time::from_ns(source.now_ns));
  annotations.erase(std::string(kConfigMirrorAnnotation));
  pod.status = {};
  pod.status.phase = "Pending";
  return pod;
}

}  // namespace

base::Result<std::vector<core::Pod>> read_manifest(std::string_view text, const ManifestSource& source) {
  std::vector<core::Pod> out;
  TRY(auto json, schema::yaml_to_json(text));
  if (base::trim(json) == "null") return out;
  TRY(auto type, schema::read_type_meta(json));
  if (type.api_version == "v1" && type.kind == "Pod") {
    TRY(auto pod, schema::from_json<core::Pod>(json));
    TRY(pod, complete(std::move(pod), source));
    out.push_back(std::move(pod));
    return out;
  }
  if (type.api_version == "v1" && (type.kind == "PodList" || type.kind == "List") && source.kind == "http") {
    TRY(auto list, schema::from_json<core::PodList>(json));
    for (auto& pod : list.items) {
      TRY(auto one, complete(std::move(pod), source));
      out.push_back(std::move(one));
    }
    return out;
  }
  return base::fail(
      bad({"invalid pod: it is of kind ", base::quote(type.kind), " in version ", base::quote(type.api_version)}));
}

bool is_mirror(const core::Pod& pod) {
  return pod.metadata.annotations.contains(kConfigMirrorAnnotation);
}

bool is_static(const core::Pod& pod) {
  auto source = pod.metadata.annotations.find(kConfigSourceAnnotation);
  return !is_mirror(pod) && source != pod.metadata.annotations.end() && source->second != "api";
}

core::Pod make_mirror(const core::Pod& pod, const core::Node* node) {
  core::Pod out;
  out.metadata.name = pod.metadata.name;
  out.metadata.namespace_ = pod.metadata.namespace_;
  out.metadata.labels = pod.metadata.labels;
  out.metadata.annotations = pod.metadata.annotations;
  auto hash = pod.metadata.annotations.find(kConfigHashAnnotation);
  out.metadata.annotations[std::string(kConfigMirrorAnnotation)] =
      hash == pod.metadata.annotations.end() ? pod.metadata.uid : hash->second;
  if (node != nullptr) {
    auto& owner = out.metadata.owner_references.emplace_back();
    owner.api_version = "v1";
    owner.kind = "Node";
    owner.name = node->metadata.name;
    owner.uid = node->metadata.uid;
    owner.controller = true;
  }
  out.spec = pod.spec;
  return out;
}

bool mirrors(const core::Pod& mirror, const core::Pod& pod) {
  auto shown = mirror.metadata.annotations.find(kConfigMirrorAnnotation);
  auto hash = pod.metadata.annotations.find(kConfigHashAnnotation);
  return shown != mirror.metadata.annotations.end() && hash != pod.metadata.annotations.end() &&
         shown->second == hash->second;
}

}  // namespace kubelet
