#include "apiserver/registry/normalize.h"

#include "api/apps_v1.h"
#include "api/batch_v1.h"
#include "api/core_v1.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace batch = api::batch_v1;
namespace core = api::core_v1;

// The account's older name says the same as the newer one, which counts when both are there.
void normalize(core::PodSpec& spec) {
  if (spec.service_account_name.empty()) spec.service_account_name = spec.service_account;
  spec.service_account = spec.service_account_name;
}

// stringData is for writing only.
void normalize(core::Secret& secret) {
  for (auto& [key, value] : secret.string_data) secret.data[key] = std::move(value);
  secret.string_data.clear();
}

void normalize(apps::DaemonSet& set) {
  normalize(set.spec.template_.spec);
  set.metadata.annotations.try_emplace(std::string(kTemplateGeneration), "0");
}

template <class T>
bool normalize_template(schema::Object& object) {
  auto* owner = object.get_if<T>();
  if (owner != nullptr) normalize(owner->spec.template_.spec);
  return owner != nullptr;
}

}  // namespace

void normalize(schema::Object& object) {
  if (auto* pod = object.get_if<core::Pod>()) return normalize(pod->spec);
  if (auto* secret = object.get_if<core::Secret>()) return normalize(*secret);
  if (auto* set = object.get_if<apps::DaemonSet>()) return normalize(*set);
  if (auto* one = object.get_if<core::PodTemplate>()) return normalize(one->template_.spec);
  if (auto* one = object.get_if<batch::CronJob>()) return normalize(one->spec.job_template.spec.template_.spec);
  if (auto* one = object.get_if<core::ReplicationController>(); one != nullptr && one->spec.template_) {
    return normalize(one->spec.template_->spec);
  }
  (void)(normalize_template<apps::Deployment>(object) || normalize_template<apps::ReplicaSet>(object) ||
         normalize_template<apps::StatefulSet>(object) || normalize_template<batch::Job>(object));
}

}  // namespace apiserver
