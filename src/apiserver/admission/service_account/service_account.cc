// Every pod runs as a service account and gets its token, unless either says no. Kubernetes documentation, "Configure
// Service Accounts for Pods".

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kDefaultAccount = "default";
constexpr std::string_view kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr int64_t kTokenSeconds = 60 * 60 + 7;
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";

bool mounts_token(const std::vector<core::VolumeMount>& mounts) {
  return std::any_of(mounts.begin(), mounts.end(), [](const auto& mount) { return mount.mount_path == kTokenPath; });
}

core::Volume token_volume(const std::string& name) {
  core::Volume volume;
  volume.name = name;
  auto& projected = volume.projected.emplace();
  projected.default_mode = 0644;
  auto& token = projected.sources.emplace_back().service_account_token.emplace();
  token.path = "token";
  token.expiration_seconds = kTokenSeconds;
  auto& authority = projected.sources.emplace_back().config_map.emplace();
  authority.name = "kube-root-ca.crt";
  auto& item = authority.items.emplace_back();
  item.key = item.path = "ca.crt";
  auto& place = projected.sources.emplace_back().downward_api.emplace().items.emplace_back();
  place.path = "namespace";
  auto& field = place.field_ref.emplace();
  field.api_version = "v1";
  field.field_path = "metadata.namespace";
  return volume;
}

class ServiceAccount final : public AdmissionPlugin {
 public:
  explicit ServiceAccount(base::Random& random) : random_(random) {}
  std::string_view name() const override { return "ServiceAccount"; }

  bool handles(const Attempt& attempt) const override {
    return attempt.operation == Operation::Create && attempt.is("pods") && attempt.subresource.empty();
  }

  io::Task<base::Result<void>> admit(Attempt& attempt) const override {
    auto& pod = attempt.object->as<core::Pod>();
    // A mirror of a static pod has what its node gave it.
    if (pod.metadata.annotations.contains(kMirror)) {
      if (!pod.spec.service_account_name.empty())
        co_return attempt.refuse("a mirror pod may not reference service accounts");
      co_return {};
    }
    auto& account_name = pod.spec.service_account_name;
    if (account_name.empty())
      account_name = pod.spec.service_account.empty() ? std::string(kDefaultAccount) : pod.spec.service_account;
    pod.spec.service_account = account_name;
    auto found = co_await attempt.reader.look<core::ServiceAccount>(std::string(attempt.namespace_), account_name);
    if (!found) {
      co_return attempt.refuse(base::cat({"error looking up service account ", attempt.namespace_, "/", account_name,
                                          ": serviceaccount ", base::quote(account_name), " not found"}));
    }
    const core::ServiceAccount& account = **found;
    if (pod.spec.automount_service_account_token.value_or(account.automount_service_account_token.value_or(true)))
      mount(pod);
    if (pod.spec.image_pull_secrets.empty()) pod.spec.image_pull_secrets = account.image_pull_secrets;
    co_return {};
  }

 private:
  void mount(core::Pod& pod) const {
    std::string volume;
    for (const auto& one : pod.spec.volumes) {
      if (one.name.starts_with("kube-api-access-")) volume = one.name;
    }
    bool present = !volume.empty();
    if (!present) volume = "kube-api-access-" + random_.name_suffix();
    bool used = false;
    auto add = [&](auto& containers) {
      for (auto& container : containers) {
        if (mounts_token(container.volume_mounts)) continue;
        auto& one = container.volume_mounts.emplace_back();
        one.name = volume;
        one.read_only = true;
        one.mount_path = kTokenPath;
        used = true;
      }
    };
    add(pod.spec.init_containers);
    add(pod.spec.containers);
    if (used && !present) pod.spec.volumes.push_back(token_volume(volume));
  }

  base::Random& random_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_service_account(base::Random& random) {
  return std::make_unique<ServiceAccount>(random);
}

}  // namespace apiserver
