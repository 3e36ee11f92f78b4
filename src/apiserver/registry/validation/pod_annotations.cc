#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kTolerations = "scheduler.alpha.kubernetes.io/tolerations";
constexpr std::string_view kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";
constexpr std::string_view kSeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
constexpr std::string_view kSeccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
constexpr std::string_view kAppArmor = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kLocalhost = "localhost/";

// As Go's strconv.ParseInt reads a 32 bit number, but with neither plus sign nor leading zeros.
bool is_cost(std::string_view text) {
  if (text.starts_with('+') || (text.size() > 1 && text.starts_with('0'))) return false;
  if (text.starts_with("-0")) return false;
  auto value = base::parse_int(text);
  return value && *value >= INT32_MIN && *value <= INT32_MAX;
}

void check_tolerations_text(Report& report, std::string_view text, const Place& at) {
  auto spec = schema::from_json<core::PodSpec>(base::cat({"{\"tolerations\":", text, "}"}));
  if (spec) {
    check_tolerations(report, spec->tolerations, Place(at, kTolerations));
  } else {
    report.invalid(at, kTolerations, spec.error().message());
  }
}

void check_seccomp_text(Report& report, std::string_view profile, const Place& at) {
  if (is_one_of(profile, {"runtime/default", "docker/default", "unconfined"})) return;
  if (profile.starts_with(kLocalhost)) {
    check_descending_path(report, profile.substr(kLocalhost.size()), at);
  } else {
    report.invalid(at, profile, "must be a valid seccomp profile");
  }
}

bool has_container(const core::PodSpec& spec, std::string_view name) {
  bool found = false;
  visit_containers(spec, Place("spec"), [&](const auto& container, const Place&) { found |= container.name == name; });
  return found;
}

// Whether the annotation says what the field says. `what` is "seccomp" or "apparmor".
template <class Profile>
void check_match(Report& report, std::string_view what, std::string_view annotation, const Profile& profile,
                 const Place& at) {
  bool same = true;
  if (profile.type == "Unconfined") {
    same = annotation == "unconfined";
  } else if (profile.type == "RuntimeDefault") {
    same = annotation == "runtime/default" || (what == "seccomp" && annotation == "docker/default");
  } else if (profile.type == "Localhost") {
    same = annotation.starts_with(kLocalhost);
    if (same && annotation.substr(kLocalhost.size()) != profile.localhost_profile.value_or("/")) {
      report.forbidden(Place(at, "localhostProfile"), base::cat({what, " profile in annotation and field must match"}));
    }
  }
  if (!same) report.forbidden(Place(at, "type"), base::cat({what, " type in annotation and field must match"}));
}

}  // namespace

void check_pod_annotations(Report& report, const Labels& annotations, const core::PodSpec& spec, const Place& at) {
  if (annotations.empty()) return;
  if (auto found = annotations.find(kMirror); found != annotations.end() && spec.node_name.empty()) {
    report.invalid(Place::key(at, kMirror), found->second, "must set spec.nodeName if mirror pod annotation is set");
  }
  if (auto found = annotations.find(kTolerations); found != annotations.end() && !found->second.empty()) {
    check_tolerations_text(report, found->second, at);
  }
  if (auto found = annotations.find(kDeletionCost); found != annotations.end() && !is_cost(found->second)) {
    report.invalid(Place::key(at, kDeletionCost), found->second, "must be a 32bit integer");
  }
  if (auto found = annotations.find(kSeccompPod); found != annotations.end()) {
    check_seccomp_text(report, found->second, Place(at, kSeccompPod));
  }
  for (const auto& [key, value] : annotations) {
    if (key.starts_with(kSeccompContainer)) check_seccomp_text(report, value, Place(at, key));
  }
  for (const auto& [key, value] : annotations) {
    if (!key.starts_with(kAppArmor)) continue;
    std::string_view name = std::string_view(key).substr(kAppArmor.size());
    if (!has_container(spec, name)) report.invalid(Place::key(at, key), name, "container not found");
    if (!value.empty() && value != "runtime/default" && value != "unconfined" && !value.starts_with(kLocalhost)) {
      report.invalid(Place::key(at, key), value, "invalid AppArmor profile name: " + base::quote(value));
    }
  }
}

void check_profile_annotations_match(Report& report, const Labels& annotations, const core::PodSpec& spec,
                                     const Place& at) {
  if (annotations.empty()) return;
  auto annotation = [&](std::string_view key) -> const std::string* {
    auto found = annotations.find(key);
    return found == annotations.end() ? nullptr : &found->second;
  };
  const core::SeccompProfile* pod_seccomp =
      spec.security_context ? spec.security_context->seccomp_profile.get() : nullptr;
  if (pod_seccomp != nullptr) {
    if (const auto* text = annotation(kSeccompPod)) {
      check_match(report, "seccomp", *text, *pod_seccomp, Place(at, "securityContext.seccompProfile"));
    }
  }
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    if (!container.security_context || !container.security_context->seccomp_profile) return;
    if (const auto* text = annotation(base::cat({kSeccompContainer, container.name}))) {
      check_match(report, "seccomp", *text, *container.security_context->seccomp_profile,
                  Place(here, "securityContext.seccompProfile"));
    }
  });
  if (spec.os && spec.os->name == "windows") return;
  const core::AppArmorProfile* pod_armor =
      spec.security_context ? spec.security_context->app_armor_profile.get() : nullptr;
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    const core::AppArmorProfile* profile = pod_armor;
    if (container.security_context && container.security_context->app_armor_profile) {
      profile = container.security_context->app_armor_profile.get();
    }
    if (profile == nullptr) return;
    if (const auto* text = annotation(base::cat({kAppArmor, container.name}))) {
      check_match(report, "apparmor", *text, *profile, Place(here, "securityContext.appArmorProfile"));
    }
  });
}

}  // namespace apiserver
