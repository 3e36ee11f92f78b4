// Pods keep to the standard that their namespace asks for. Kubernetes documentation, "Pod Security Admission".

#include <algorithm>
#include <set>

#include "api/apps_v1.h"
#include "api/batch_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/pod_security/checks.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace apps = api::apps_v1;
namespace batch = api::batch_v1;
using namespace pod_security;

constexpr size_t kExistingPodsMax = 3000;
constexpr std::string_view kAppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kSeccompPrefix = "container.seccomp.security.alpha.kubernetes.io/";
constexpr std::string_view kSeccompPod = "seccomp.security.alpha.kubernetes.io/pod";

// The pod template in an object that makes pods, or nothing.
const core::PodTemplateSpec* template_in(const schema::Object& object) {
  if (const auto* one = object.get_if<core::PodTemplate>()) return &one->template_;
  if (const auto* one = object.get_if<core::ReplicationController>())
    return one->spec.template_ ? &*one->spec.template_ : nullptr;
  if (const auto* one = object.get_if<apps::ReplicaSet>()) return &one->spec.template_;
  if (const auto* one = object.get_if<apps::Deployment>()) return &one->spec.template_;
  if (const auto* one = object.get_if<apps::DaemonSet>()) return &one->spec.template_;
  if (const auto* one = object.get_if<apps::StatefulSet>()) return &one->spec.template_;
  if (const auto* one = object.get_if<batch::Job>()) return &one->spec.template_;
  if (const auto* one = object.get_if<batch::CronJob>()) return &one->spec.job_template.spec.template_;
  return nullptr;
}

bool makes_pods(const Attempt& attempt) {
  const auto& row = attempt.served.row();
  if (row.group.empty()) return row.plural == "replicationcontrollers" || row.plural == "podtemplates";
  if (row.group == "apps") {
    return row.plural == "replicasets" || row.plural == "deployments" || row.plural == "statefulsets" ||
           row.plural == "daemonsets";
  }
  return row.group == "batch" && (row.plural == "jobs" || row.plural == "cronjobs");
}

// Updates of anything else leave a pod as safe as it was.
bool changes_safety(const core::Pod& next, const core::Pod& before) {
  auto profiles = [](const core::Pod& pod) {
    std::vector<std::pair<std::string_view, std::string_view>> found;
    for (const auto& [key, value] : pod.metadata.annotations) {
      if (key.starts_with(kAppArmorPrefix) || key.starts_with(kSeccompPrefix) || key == kSeccompPod)
        found.emplace_back(key, value);
    }
    return found;
  };
  auto same_images = [](const std::vector<core::Container>& a, const std::vector<core::Container>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& left, const auto& right) { return left.image == right.image; });
  };
  return profiles(next) != profiles(before) || !same_images(next.spec.containers, before.spec.containers) ||
         !same_images(next.spec.init_containers, before.spec.init_containers) ||
         !(next.spec.ephemeral_containers == before.spec.ephemeral_containers);
}

// What pods that are there already would be told, those of one owner once.
std::vector<std::string> warnings_about(const std::vector<core::Pod>& pods, const Standard& standard,
                                        std::string_view namespace_) {
  struct Group {
    std::string name;
    size_t others = 0;
  };
  std::map<std::string, Group> groups;  // by reasons
  std::set<std::string> owners;
  size_t looked_at = std::min(pods.size(), kExistingPodsMax);
  for (size_t i = 0; i < looked_at; ++i) {
    const auto& pod = pods[i];
    bool repeated = false;
    for (const auto& owner : pod.metadata.owner_references) {
      if (owner.controller.value_or(false)) repeated = !owners.insert(owner.uid).second;
    }
    if (repeated) continue;
    auto found = violations(standard, {pod.metadata, pod.spec});
    if (found.empty()) continue;
    auto [group, fresh] = groups.emplace(reasons(found), Group{pod.metadata.name});
    if (fresh) continue;
    ++group->second.others;
    group->second.name = std::min(group->second.name, pod.metadata.name);
  }
  std::vector<std::string> warnings;
  if (looked_at < pods.size()) {
    warnings.push_back(base::cat({"new PodSecurity enforce level only checked against the first ",
                                  std::to_string(looked_at), " of ", std::to_string(pods.size()), " existing pods"}));
  }
  if (groups.empty()) return warnings;
  warnings.push_back(base::cat({"existing pods in namespace ", base::quote(namespace_),
                                " violate the new PodSecurity enforce level ", base::quote(standard.to_string())}));
  std::vector<std::string> lines;
  for (const auto& [why, group] : groups) {
    std::string others = group.others == 0   ? ""
                         : group.others == 1 ? " (and 1 other pod)"
                                             : base::cat({" (and ", std::to_string(group.others), " other pods)"});
    lines.push_back(base::cat({group.name, others, ": ", why}));
  }
  std::sort(lines.begin(), lines.end());
  warnings.insert(warnings.end(), lines.begin(), lines.end());
  return warnings;
}

class PodSecurity final : public AdmissionPlugin {
 public:
  explicit PodSecurity(PodSecurityOptions options) : options_(std::move(options)) {}
  std::string_view name() const override { return "PodSecurity"; }

  bool handles(const Attempt& attempt) const override {
    if (attempt.operation != Operation::Create && attempt.operation != Operation::Update) return false;
    if (attempt.is("pods"))
      return attempt.subresource.empty() || attempt.subresource == "ephemeralcontainers" ||
             attempt.subresource == "resize";
    return attempt.subresource.empty() && (attempt.is("namespaces") || makes_pods(attempt));
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    if (attempt.is("namespaces")) co_return co_await judge_namespace(attempt);
    if (listed(options_.exempt_namespaces, attempt.namespace_) || listed(options_.exempt_users, attempt.user.name))
      co_return {};
    auto space = co_await attempt.reader.look<core::Namespace>("", std::string(attempt.namespace_));
    if (!space) co_return base::fail(internal_error(base::cat({"failed to lookup namespace ", attempt.namespace_})));
    schema::FieldErrors errors;
    Policy policy = read_policy((*space)->metadata.labels, options_.defaults, errors);
    if (errors.empty() && policy.is_privileged()) co_return {};
    for (const auto& error : errors)
      attempt.audit("pod-security.kubernetes.io/error", base::cat({"Failed to parse policy: ", error.to_string()}));
    if (const auto* pod = attempt.object->get_if<core::Pod>()) {
      const auto* before = attempt.current == nullptr ? nullptr : attempt.current->get_if<core::Pod>();
      if (before != nullptr && !changes_safety(*pod, *before)) co_return {};
      co_return judge(attempt, policy, {pod->metadata, pod->spec}, true);
    }
    if (const auto* inner = template_in(*attempt.object))
      co_return judge(attempt, policy, {inner->metadata, inner->spec}, false);
    co_return {};
  }

 private:
  static bool listed(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  }

  base::Result<void> judge(const Attempt& attempt, const Policy& policy, const Subject& subject, bool enforce) const {
    if (subject.spec.runtime_class_name && listed(options_.exempt_runtime_classes, *subject.spec.runtime_class_name)) {
      attempt.audit("pod-security.kubernetes.io/exempt", "runtimeClass");
      return {};
    }
    base::Result<void> verdict;
    if (enforce) {
      attempt.audit("pod-security.kubernetes.io/enforce-policy", policy.enforce.to_string());
      auto found = violations(policy.enforce, subject);
      if (!found.empty()) {
        verdict = attempt.refuse(
            base::cat({"violates PodSecurity ", base::quote(policy.enforce.to_string()), ": ", details(found)}));
      }
    }
    if (auto found = violations(policy.audit, subject); !found.empty()) {
      attempt.audit(
          "pod-security.kubernetes.io/audit-violations",
          base::cat({"would violate PodSecurity ", base::quote(policy.audit.to_string()), ": ", details(found)}));
    }
    if (!verdict) return verdict;  // who is refused needs no warning
    if (auto found = violations(policy.warn, subject); !found.empty()) {
      attempt.warnings.push_back(
          base::cat({"would violate PodSecurity ", base::quote(policy.warn.to_string()), ": ", details(found)}));
    }
    return {};
  }

  io::Task<base::Result<void>> judge_namespace(const Attempt& attempt) const {
    const auto& space = attempt.object->as<core::Namespace>();
    schema::FieldErrors errors;
    Policy policy = read_policy(space.metadata.labels, options_.defaults, errors);
    schema::FieldErrors errors_before;
    Policy before;
    if (attempt.current != nullptr) {
      before = read_policy(attempt.current->as<core::Namespace>().metadata.labels, options_.defaults, errors_before);
    }
    if (!errors.empty() && errors != errors_before) {
      co_return base::fail(invalid(attempt.served.row().group, attempt.served.row().kind, attempt.name, errors));
    }
    if (attempt.current == nullptr || policy.enforce == before.enforce || policy.enforce.level == Level::Privileged)
      co_return {};
    if (policy.enforce.version == before.enforce.version && policy.enforce.level <= before.enforce.level) co_return {};
    if (listed(options_.exempt_namespaces, space.metadata.name)) co_return {};
    CO_TRY(auto pods, co_await attempt.reader.list<core::Pod>(space.metadata.name));
    for (auto& warning : warnings_about(pods, policy.enforce, space.metadata.name))
      attempt.warnings.push_back(std::move(warning));
    co_return {};
  }

  const PodSecurityOptions options_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_pod_security(PodSecurityOptions options) {
  return std::make_unique<PodSecurity>(std::move(options));
}

}  // namespace apiserver
