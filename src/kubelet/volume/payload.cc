#include "kubelet/volume/payload.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {
namespace {

using Items = std::vector<core::KeyToPath>;

// `look_up` gives a key's bytes; `all` every key. `complaint` is about a key that is not there.
template <class LookUp>
base::Result<void> add_items(Payload& out, const Items& items, uint32_t mode, bool optional, LookUp look_up,
                             std::string_view complaint) {
  for (auto& item : items) {
    auto* data = look_up(item.key);
    if (data == nullptr) {
      if (optional) continue;
      return base::fail(base::Code::NotFound, std::string(complaint) + item.key);
    }
    out[item.path] = {
        .data = *data, .mode = static_cast<uint32_t>(item.mode.value_or(static_cast<int32_t>(mode))), .owner = {}};
  }
  return {};
}

base::Result<void> add_config_map(Payload& out, const PayloadInput& input, const std::string& name, const Items& items,
                                  uint32_t mode, bool optional) {
  auto found = input.objects.config_maps.find(name);
  if (found == input.objects.config_maps.end() || found->second == nullptr) {
    if (optional) return {};
    return base::fail(base::Code::NotFound, "configmap " + base::quote(name) + " not found");
  }
  auto& map = *found->second;
  if (items.empty()) {
    for (auto& [key, value] : map.data) out[key] = {.data = value, .mode = mode, .owner = {}};
    for (auto& [key, value] : map.binary_data) out[key] = {.data = value, .mode = mode, .owner = {}};
    return {};
  }
  auto look_up = [&map](const std::string& key) -> const std::string* {
    if (auto text = map.data.find(key); text != map.data.end()) return &text->second;
    if (auto bytes = map.binary_data.find(key); bytes != map.binary_data.end()) return &bytes->second;
    return nullptr;
  };
  return add_items(out, items, mode, optional, look_up, "configmap references non-existent config key: ");
}

base::Result<void> add_secret(Payload& out, const PayloadInput& input, const std::string& name, const Items& items,
                              uint32_t mode, bool optional) {
  auto found = input.objects.secrets.find(name);
  if (found == input.objects.secrets.end() || found->second == nullptr) {
    if (optional) return {};
    return base::fail(base::Code::NotFound, "secret " + base::quote(name) + " not found");
  }
  auto& secret = *found->second;
  if (items.empty()) {
    for (auto& [key, value] : secret.data) out[key] = {.data = value, .mode = mode, .owner = {}};
    return {};
  }
  auto look_up = [&secret](const std::string& key) -> const std::string* {
    auto data = secret.data.find(key);
    return data == secret.data.end() ? nullptr : &data->second;
  };
  return add_items(out, items, mode, optional, look_up, "references non-existent secret key: ");
}

base::Result<void> add_downward(Payload& out, const PayloadInput& input,
                                const std::vector<core::DownwardAPIVolumeFile>& items, uint32_t mode) {
  for (auto& item : items) {
    PayloadFile file;
    file.mode = static_cast<uint32_t>(item.mode.value_or(static_cast<int32_t>(mode)));
    if (item.field_ref) {
      TRY(auto value, field_value(input.pod, item.field_ref->field_path, input.host_ips, input.pod_ips));
      file.data = std::move(value);
    } else if (item.resource_field_ref) {
      TRY(auto value, resource_value(input.pod, *item.resource_field_ref, "", input.node_allocatable));
      file.data = std::move(value);
    }
    out[item.path] = std::move(file);
  }
  return {};
}

// The one user that all containers run as, if there is one: it may then own its token.
std::optional<int64_t> only_user(const core::Pod& pod) {
  std::optional<int64_t> whole;
  if (pod.spec.security_context) whole = pod.spec.security_context->run_as_user;
  std::optional<int64_t> found;
  bool first = true, differs = false;
  auto look = [&](const core::Container& container) {
    auto user = container.security_context && container.security_context->run_as_user
                    ? container.security_context->run_as_user
                    : whole;
    if (first) found = user;
    if (found != user) differs = true;
    first = false;
  };
  for (auto& container : pod.spec.init_containers) look(container);
  for (auto& container : pod.spec.containers) look(container);
  if (differs) return {};
  return found;
}

}  // namespace

base::Result<std::optional<Payload>> make_payload(const core::Volume& volume, const PayloadInput& input) {
  Payload out;
  auto mode_of = [](const std::optional<int32_t>& mode) { return static_cast<uint32_t>(mode.value_or(0644)); };
  if (volume.config_map) {
    auto& source = *volume.config_map;
    TRY(add_config_map(out, input, source.name, source.items, mode_of(source.default_mode),
                       source.optional.value_or(false)));
    return out;
  }
  if (volume.secret) {
    auto& source = *volume.secret;
    TRY(add_secret(out, input, source.secret_name, source.items, mode_of(source.default_mode),
                   source.optional.value_or(false)));
    return out;
  }
  if (volume.downward_api) {
    TRY(add_downward(out, input, volume.downward_api->items, mode_of(volume.downward_api->default_mode)));
    return out;
  }
  if (!volume.projected) return std::optional<Payload>();

  uint32_t mode = mode_of(volume.projected->default_mode);
  std::optional<int64_t> group;
  if (input.pod.spec.security_context) group = input.pod.spec.security_context->fs_group;
  for (auto& source : volume.projected->sources) {
    if (source.config_map)
      TRY(add_config_map(out, input, source.config_map->name, source.config_map->items, mode,
                         source.config_map->optional.value_or(false)));
    if (source.secret)
      TRY(add_secret(out, input, source.secret->name, source.secret->items, mode,
                     source.secret->optional.value_or(false)));
    if (source.downward_api) TRY(add_downward(out, input, source.downward_api->items, mode));
    if (source.service_account_token) {
      auto* token = input.token(*source.service_account_token);
      if (token == nullptr) return base::fail(base::Code::Unavailable, "no service account token has been issued yet");
      PayloadFile file{.data = *token, .mode = mode, .owner = only_user(input.pod)};
      if (file.owner || group) file.mode = 0600;
      out[source.service_account_token->path] = std::move(file);
    }
    if (source.cluster_trust_bundle || source.pod_certificate)
      return base::fail(base::Code::Invalid, "this projected volume source is not supported by this node");
  }
  return out;
}

}  // namespace kubelet
