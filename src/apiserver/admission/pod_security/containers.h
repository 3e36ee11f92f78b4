// What the rules have in common: all containers of a pod, whichever list they are in, and the words about them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "apiserver/admission/pod_security/checks.h"
#include "base/strings.h"

namespace apiserver::pod_security {

// Calls `visit` with each container: those that start first, the main ones, those added later.
template <class Visit>
void each_container(const api::core_v1::PodSpec& spec, Visit visit) {
  for (const auto& container : spec.init_containers) visit(container);
  for (const auto& container : spec.containers) visit(container);
  for (const auto& container : spec.ephemeral_containers) visit(container);
}

inline std::string_view plural(std::string_view one, std::string_view many, size_t count) {
  return count == 1 ? one : many;
}

template <class Names>
std::string quoted(const Names& names) {
  std::string text;
  for (const auto& name : names) text += base::cat({text.empty() ? "\"" : ", \"", name, "\""});
  return text;
}

// `container "a"`, `containers "a", "b"`.
inline std::string containers(const std::vector<std::string>& names) {
  return base::cat({plural("container", "containers", names.size()), " ", quoted(names)});
}

// `pod and containers "a", "b"`: whoever sets something.
inline std::string setters(bool pod, const std::vector<std::string>& names) {
  std::string text = pod ? "pod" : "";
  if (names.empty()) return text;
  return base::cat({text, text.empty() ? "" : " and ", containers(names)});
}

inline bool is_windows(const api::core_v1::PodSpec& spec) {
  return spec.os && spec.os->name == "windows";
}
inline bool in_user_namespace(const api::core_v1::PodSpec& spec) {
  return spec.host_users && !*spec.host_users;
}

}  // namespace apiserver::pod_security
