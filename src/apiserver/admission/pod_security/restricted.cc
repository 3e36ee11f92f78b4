// The rules of the level "restricted": today's best practice of hardening pods.

#include <algorithm>

#include "apiserver/admission/pod_security/containers.h"

namespace apiserver::pod_security {
namespace {

namespace core = api::core_v1;

bool allowed_profile(std::string_view type) {
  return type == "RuntimeDefault" || type == "Localhost";
}

// The name of a volume's kind when it is not one of those that are allowed.
std::string_view restricted_kind(const core::Volume& volume) {
  if (volume.config_map || volume.csi || volume.downward_api || volume.empty_dir || volume.ephemeral || volume.image ||
      volume.persistent_volume_claim || volume.projected || volume.secret) {
    return {};
  }
  if (volume.host_path) return "hostPath";
  if (volume.gce_persistent_disk) return "gcePersistentDisk";
  if (volume.aws_elastic_block_store) return "awsElasticBlockStore";
  if (volume.git_repo) return "gitRepo";
  if (volume.nfs) return "nfs";
  if (volume.iscsi) return "iscsi";
  if (volume.glusterfs) return "glusterfs";
  if (volume.rbd) return "rbd";
  if (volume.flex_volume) return "flexVolume";
  if (volume.cinder) return "cinder";
  if (volume.cephfs) return "cephfs";
  if (volume.flocker) return "flocker";
  if (volume.fc) return "fc";
  if (volume.azure_file) return "azureFile";
  if (volume.vsphere_volume) return "vsphereVolume";
  if (volume.quobyte) return "quobyte";
  if (volume.azure_disk) return "azureDisk";
  if (volume.portworx_volume) return "portworxVolume";
  if (volume.scale_io) return "scaleIO";
  if (volume.storageos) return "storageos";
  return "unknown";
}

}  // namespace

Violation privilege_escalation(const Subject& subject) {
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (!own || own->allow_privilege_escalation.value_or(true)) names.push_back(container.name);
  });
  if (names.empty()) return {};
  return {"allowPrivilegeEscalation != false",
          base::cat({containers(names), " must set securityContext.allowPrivilegeEscalation=false"})};
}

Violation privilege_escalation_but_windows(const Subject& subject) {
  return is_windows(subject.spec) ? Violation{} : privilege_escalation(subject);
}

Violation restricted_capabilities(const Subject& subject) {
  std::vector<std::string> keeping;
  std::vector<std::string> adding;
  std::set<std::string> added;
  each_container(subject.spec, [&](const auto& container) {
    if (!container.security_context || !container.security_context->capabilities) {
      keeping.push_back(container.name);
      return;
    }
    const auto& capabilities = *container.security_context->capabilities;
    if (std::find(capabilities.drop.begin(), capabilities.drop.end(), "ALL") == capabilities.drop.end())
      keeping.push_back(container.name);
    bool bad = false;
    for (const auto& capability : capabilities.add) {
      if (capability == "NET_BIND_SERVICE") continue;
      bad = true;
      added.insert(capability);
    }
    if (bad) adding.push_back(container.name);
  });
  std::vector<std::string> what;
  if (!keeping.empty())
    what.push_back(base::cat({containers(keeping), R"( must set securityContext.capabilities.drop=["ALL"])"}));
  if (!adding.empty()) {
    what.push_back(
        base::cat({containers(adding), " must not include ", quoted(added), " in securityContext.capabilities.add"}));
  }
  if (what.empty()) return {};
  return {"unrestricted capabilities", base::join(what, "; ")};
}

Violation restricted_capabilities_but_windows(const Subject& subject) {
  return is_windows(subject.spec) ? Violation{} : restricted_capabilities(subject);
}

Violation restricted_volumes(const Subject& subject) {
  std::vector<std::string> names;
  std::set<std::string> kinds;
  for (const auto& volume : subject.spec.volumes) {
    auto kind = restricted_kind(volume);
    if (kind.empty()) continue;
    names.push_back(volume.name);
    kinds.emplace(kind);
  }
  if (names.empty()) return {};
  return {"restricted volume types", base::cat({plural("volume", "volumes", names.size()), " ", quoted(names), " ",
                                                plural("uses", "use", names.size()), " restricted volume ",
                                                plural("type", "types", kinds.size()), " ", quoted(kinds)})};
}

Violation run_as_non_root(const Subject& subject) {
  const auto& context = subject.spec.security_context;
  bool pod_says = context && context->run_as_non_root.has_value();
  bool pod = pod_says && !*context->run_as_non_root;
  std::vector<std::string> bad;
  std::vector<std::string> silent;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (own && own->run_as_non_root) {
      if (!*own->run_as_non_root) bad.push_back(container.name);
    } else if (!pod_says) {
      silent.push_back(container.name);
    }
  });
  if (pod || !bad.empty()) {
    return {"runAsNonRoot != true", base::cat({setters(pod, bad), " must not set securityContext.runAsNonRoot=false"})};
  }
  if (silent.empty()) return {};
  return {"runAsNonRoot != true",
          base::cat({"pod or ", containers(silent), " must set securityContext.runAsNonRoot=true"})};
}

Violation run_as_non_root_outside_user_namespace(const Subject& subject) {
  return in_user_namespace(subject.spec) ? Violation{} : run_as_non_root(subject);
}

Violation run_as_root_user(const Subject& subject) {
  auto root = [](const auto& context) { return context && context->run_as_user && *context->run_as_user == 0; };
  bool pod = root(subject.spec.security_context);
  std::vector<std::string> names;
  each_container(subject.spec, [&](const auto& container) {
    if (root(container.security_context)) names.push_back(container.name);
  });
  if (!pod && names.empty()) return {};
  return {"runAsUser=0", base::cat({setters(pod, names), " must not set runAsUser=0"})};
}

Violation run_as_root_user_outside_user_namespace(const Subject& subject) {
  return in_user_namespace(subject.spec) ? Violation{} : run_as_root_user(subject);
}

Violation restricted_seccomp(const Subject& subject) {
  const auto& context = subject.spec.security_context;
  bool pod_says = context && context->seccomp_profile;
  bool pod = pod_says && !allowed_profile(context->seccomp_profile->type);
  std::set<std::string> values;
  if (pod) values.insert(context->seccomp_profile->type);
  std::vector<std::string> bad;
  std::vector<std::string> silent;
  each_container(subject.spec, [&](const auto& container) {
    const auto& own = container.security_context;
    if (own && own->seccomp_profile) {
      if (allowed_profile(own->seccomp_profile->type)) return;
      bad.push_back(container.name);
      values.insert(own->seccomp_profile->type);
    } else if (!pod_says) {
      silent.push_back(container.name);
    }
  });
  if (pod || !bad.empty()) {
    return {"seccompProfile",
            base::cat({setters(pod, bad), " must not set securityContext.seccompProfile.type to ", quoted(values)})};
  }
  if (silent.empty()) return {};
  return {"seccompProfile",
          base::cat({"pod or ", containers(silent),
                     R"( must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"})};
}

Violation restricted_seccomp_but_windows(const Subject& subject) {
  return is_windows(subject.spec) ? Violation{} : restricted_seccomp(subject);
}

}  // namespace apiserver::pod_security
