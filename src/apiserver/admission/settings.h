// What --admission-control-config-file says of the admission steps.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/admission/pod_security/policy.h"
#include "base/result.h"

namespace apiserver {

// What pods of namespaces that say nothing are held to, and whom the rules pass by.
struct PodSecurityOptions {
  pod_security::Policy defaults;
  std::vector<std::string> exempt_users;
  std::vector<std::string> exempt_runtime_classes;
  std::vector<std::string> exempt_namespaces;
};

struct AdmissionSettings {
  PodSecurityOptions pod_security = {};
  // The documents of other steps by their names, as JSON. Those that a step of ours reads have been checked.
  std::map<std::string, std::string, std::less<>> documents = {};

  // "": there is none.
  std::string_view document(std::string_view step) const {
    auto found = documents.find(step);
    return found == documents.end() ? std::string_view() : std::string_view(found->second);
  }
};

// The file and those that it names, relative to its folder. BadRequest for what is no AdmissionConfiguration, for steps
// that do not exist, and for documents that their step cannot read.
base::Result<AdmissionSettings> read_admission_settings(const std::string& path);

}  // namespace apiserver
