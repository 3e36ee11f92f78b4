// A kubelet writes about itself and its pods only. Kubernetes documentation, "NodeRestriction".

#include <algorithm>
#include <set>

#include "api/authentication_k8s_io_v1.h"
#include "api/certificates_k8s_io_v1.h"
#include "api/coordination_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/policy_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/node_restriction/node_labels.h"
#include "apiserver/admission/node_restriction/pod_references.h"
#include "base/strings.h"
#include "pki/certificate.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kNodePrefix = "system:node:";
constexpr std::string_view kNodeGroup = "system:nodes";
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kLeases = "kube-node-lease";

bool is_node(const User& user) {
  return std::find(user.groups.begin(), user.groups.end(), kNodeGroup) != user.groups.end() &&
         user.name.starts_with(kNodePrefix);
}

std::string quoted(std::string_view text) {
  return base::quote(text);
}

class NodeRestriction final : public AdmissionPlugin {
 public:
  explicit NodeRestriction(const Authorizer& authorizer) : authorizer_(authorizer) {}

  std::string_view name() const override { return "NodeRestriction"; }
  bool handles(const Attempt& attempt) const override { return is_node(attempt.user); }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    std::string node = attempt.user.name.substr(kNodePrefix.size());
    if (node.empty())
      co_return attempt.refuse(base::cat({"could not determine node from user ", quoted(attempt.user.name)}));
    if (attempt.is("pods")) co_return co_await check_pod(attempt, node);
    if (attempt.is("nodes")) co_return check_node(attempt, node);
    if (attempt.is("persistentvolumeclaims")) co_return check_claim(attempt);
    if (attempt.is("serviceaccounts")) co_return co_await check_token(attempt, node);
    if (attempt.is("leases", "coordination.k8s.io")) co_return check_lease(attempt, node);
    if (attempt.is("csinodes", "storage.k8s.io")) co_return check_csi_node(attempt, node);
    if (attempt.is("resourceslices", "resource.k8s.io")) co_return check_slice(attempt, node);
    if (attempt.is("certificatesigningrequests", "certificates.k8s.io")) co_return check_request(attempt);
    co_return {};
  }

 private:
  static std::string_view written_name(const Attempt& attempt) {
    bool named = attempt.object != nullptr && attempt.object->has_meta() && !attempt.object->meta().name.empty();
    return named ? std::string_view(attempt.object->meta().name) : attempt.name;
  }

  static io::Task<base::Result<void>> check_pod(const Attempt& attempt, std::string node) {
    if (attempt.subresource == "eviction") co_return co_await check_eviction(attempt, node);
    if (attempt.subresource == "status") co_return check_pod_status(attempt, node);
    if (!attempt.subresource.empty()) {
      co_return attempt.refuse(base::cat(
          {"unexpected pod subresource ", quoted(attempt.subresource), ", only 'status' and 'eviction' are allowed"}));
    }
    if (attempt.operation == Operation::Create) co_return co_await check_new_pod(attempt, node);
    if (attempt.operation == Operation::Delete) {
      if (attempt.current->as<core::Pod>().spec.node_name != node) {
        co_return attempt.refuse(
            base::cat({"node ", quoted(node), " can only delete pods with spec.nodeName set to itself"}));
      }
      co_return {};
    }
    co_return attempt.refuse(
        base::cat({"unexpected operation ", quoted(attempt.operation == Operation::Update ? "UPDATE" : "CONNECT"),
                   ", node ", quoted(node), " can only create and delete mirror pods"}));
  }

  static io::Task<base::Result<void>> check_new_pod(const Attempt& attempt, std::string node) {
    const auto& pod = attempt.object->as<core::Pod>();
    auto refuse = [&](std::string_view why) { return attempt.refuse(base::cat({"node ", quoted(node), why})); };
    if (!pod.metadata.annotations.contains(kMirror)) {
      co_return attempt.refuse(base::cat(
          {"pod does not have ", quoted(kMirror), " annotation, node ", quoted(node), " can only create mirror pods"}));
    }
    if (pod.spec.node_name != node) co_return refuse(" can only create pods with spec.nodeName set to itself");
    const auto& owners = pod.metadata.owner_references;
    if (owners.size() > 1) co_return refuse(" can only create pods with a single owner reference set to itself");
    if (owners.size() == 1) {
      const auto& owner = owners[0];
      if (owner.api_version != "v1" || owner.kind != "Node" || owner.name != node) {
        co_return refuse(" can only create pods with an owner reference set to itself");
      }
      if (!owner.controller.value_or(false))
        co_return refuse(" can only create pods with a controller owner reference set to itself");
      if (owner.block_owner_deletion.value_or(false))
        co_return refuse(" must not set blockOwnerDeletion on an owner reference");
      CO_TRY(auto self, co_await attempt.reader.get<core::Node>("", node));
      if (owner.uid != self.metadata.uid) {
        co_return attempt.refuse(
            base::cat({"node ", node, " UID mismatch: expected ", owner.uid, " got ", self.metadata.uid}));
      }
    }
    std::string_view reference = forbidden_reference(pod.spec);
    if (!reference.empty()) co_return refuse(base::cat({" can not create pods that reference ", reference}));
    co_return {};
  }

  static base::Result<void> check_pod_status(const Attempt& attempt, const std::string& node) {
    if (attempt.operation != Operation::Update) {
      return attempt.refuse(base::cat({"unexpected operation for node ", quoted(node)}));
    }
    const auto& before = attempt.current->as<core::Pod>();
    const auto& next = attempt.object->as<core::Pod>();
    if (before.spec.node_name != node) {
      return attempt.refuse(
          base::cat({"node ", quoted(node), " can only update pod status for pods with spec.nodeName set to itself"}));
    }
    if (next.metadata.labels != before.metadata.labels) {
      return attempt.refuse(base::cat({"node ", quoted(node), " cannot update labels through pod status"}));
    }
    if (!(next.status.resource_claim_statuses == before.status.resource_claim_statuses)) {
      return attempt.refuse(base::cat({"node ", quoted(node), " cannot update resource claim statuses"}));
    }
    return {};
  }

  static io::Task<base::Result<void>> check_eviction(const Attempt& attempt, std::string node) {
    if (attempt.operation != Operation::Create) co_return attempt.refuse("unexpected operation");
    std::string name(attempt.name);
    CO_TRY(auto pod, co_await attempt.reader.get<core::Pod>(std::string(attempt.namespace_), name));
    if (pod.spec.node_name != node) {
      co_return attempt.refuse(base::cat({"node ", node, " can only evict pods with spec.nodeName set to itself"}));
    }
    co_return {};
  }

  static base::Result<void> check_node(const Attempt& attempt, const std::string& node) {
    auto refuse = [&](std::string_view what) {
      return attempt.refuse(base::cat({"node ", quoted(node), " is not allowed to modify ", what}));
    };
    auto name = written_name(attempt);
    if (name != node) return refuse(base::cat({"node ", quoted(name)}));
    if (attempt.object == nullptr || attempt.object->get_if<core::Node>() == nullptr) return {};
    const auto& next = attempt.object->as<core::Node>();
    if (attempt.operation == Operation::Create) {
      auto labels = forbidden_labels(next.metadata.labels, {});
      if (!labels.empty())
        return attempt.refuse(base::cat({"is not allowed to set the following labels: ", base::join(labels, ", ")}));
      return {};
    }
    const auto& before = attempt.current->as<core::Node>();
    if (!(next.spec.taints == before.spec.taints)) return refuse("taints");
    auto labels = forbidden_labels(next.metadata.labels, before.metadata.labels);
    if (!labels.empty())
      return attempt.refuse(base::cat({"is not allowed to modify labels: ", base::join(labels, ", ")}));
    if (!(next.metadata.owner_references == before.metadata.owner_references)) return refuse("ownerReferences");
    return {};
  }

  // The volume's size and conditions are the kubelet's to tell, nothing else of a claim.
  static base::Result<void> check_claim(const Attempt& attempt) {
    if (attempt.subresource != "status") return attempt.refuse(base::cat({"may only update PVC status"}));
    if (attempt.operation != Operation::Update) return attempt.refuse("unexpected operation");
    auto next = attempt.object->as<core::PersistentVolumeClaim>();
    const auto& before = attempt.current->as<core::PersistentVolumeClaim>();
    next.status = before.status;
    next.metadata.managed_fields = before.metadata.managed_fields;
    next.metadata.resource_version = before.metadata.resource_version;
    if (!(next == before)) return attempt.refuse("is not allowed to update fields other than status");
    return {};
  }

  io::Task<base::Result<void>> check_token(const Attempt& attempt, std::string node) const {
    if (attempt.operation != Operation::Create || attempt.subresource != "token" || attempt.object == nullptr)
      co_return {};
    const auto* request = attempt.object->get_if<api::authentication_k8s_io_v1::TokenRequest>();
    if (request == nullptr) co_return {};
    const auto& bound = request->spec.bound_object_ref;
    if (!bound || bound->api_version != "v1" || bound->kind != "Pod" || bound->name.empty()) {
      co_return attempt.refuse("node requested token not bound to a pod");
    }
    if (bound->uid.empty()) co_return attempt.refuse("node requested token with a pod binding without a uid");
    CO_TRY(auto pod, co_await attempt.reader.get<core::Pod>(std::string(attempt.namespace_), bound->name));
    if (bound->uid != pod.metadata.uid) {
      co_return attempt.refuse(
          base::cat({"the UID in the bound object reference (", bound->uid,
                     ") does not match the UID in record. The object might have been deleted and then recreated"}));
    }
    if (pod.spec.node_name != node)
      co_return attempt.refuse("node requested token bound to a pod scheduled on a different node");
    co_return co_await check_audience(attempt, request->spec.audiences, pod);
  }

  // A node asks for tokens that its pods are to have, and for others where it is allowed to.
  io::Task<base::Result<void>> check_audience(const Attempt& attempt, const std::vector<std::string>& audiences,
                                              const core::Pod& pod) const {
    if (audiences.size() > 1) co_return attempt.refuse("node may only request 0 or 1 audiences");
    std::string audience = audiences.empty() ? "" : audiences.front();
    CO_TRY(bool asked, co_await asks_for_audience(pod, audience, attempt.reader));
    if (asked) co_return {};
    AuthorizationAttributes attributes;
    attributes.user = attempt.user;
    attributes.verb = "request-serviceaccounts-token-audience";
    attributes.api_version = "v1";
    attributes.resource = audience;
    attributes.namespace_ = attempt.namespace_;
    attributes.name = attempt.name;
    attributes.resource_request = true;
    auto answer = co_await authorizer_.authorize(std::move(attributes));
    if (answer.allowed()) co_return {};
    co_return attempt.refuse(base::cat({"audience ", quoted(audience), " not found in pod spec volume, ",
                                        attempt.user.name, " is not authorized to request tokens for this audience"}));
  }

  static base::Result<void> check_lease(const Attempt& attempt, const std::string& node) {
    if (attempt.namespace_ != kLeases) {
      return attempt.refuse(base::cat({"can only access leases in the ", quoted(kLeases), " system namespace"}));
    }
    if (written_name(attempt) != node)
      return attempt.refuse("can only access node lease with the same name as the requesting node");
    return {};
  }

  static base::Result<void> check_csi_node(const Attempt& attempt, const std::string& node) {
    if (written_name(attempt) != node)
      return attempt.refuse("can only access CSINode with the same name as the requesting node");
    return {};
  }

  static base::Result<void> check_slice(const Attempt& attempt, const std::string& node) {
    const schema::Object* object = attempt.operation == Operation::Create ? attempt.object : attempt.current;
    const auto* slice = object == nullptr ? nullptr : object->get_if<api::resource_k8s_io_v1::ResourceSlice>();
    if (slice == nullptr || slice->spec.node_name.value_or("") == node) return {};
    std::string_view what = attempt.operation == Operation::Create   ? "create"
                            : attempt.operation == Operation::Delete ? "delete"
                                                                     : "update";
    return attempt.refuse(
        base::cat({"can only ", what, " ResourceSlice with the same NodeName as the requesting node"}));
  }

  static base::Result<void> check_request(const Attempt& attempt) {
    if (attempt.operation != Operation::Create || !attempt.subresource.empty()) return {};
    const auto& spec = attempt.object->as<api::certificates_k8s_io_v1::CertificateSigningRequest>().spec;
    if (spec.signer_name != "kubernetes.io/kubelet-serving" &&
        spec.signer_name != "kubernetes.io/kube-apiserver-client-kubelet")
      return {};
    auto subject = pki::read_request(spec.request);
    if (!subject) return attempt.refuse(base::cat({"unable to parse csr: ", subject.error().message()}));
    if (subject->common_name != attempt.user.name) {
      return attempt.refuse(base::cat({"can only create a node CSR with CN=", attempt.user.name}));
    }
    return {};
  }

  const Authorizer& authorizer_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_node_restriction(const Authorizer& authorizer) {
  return std::make_unique<NodeRestriction>(authorizer);
}

}  // namespace apiserver
