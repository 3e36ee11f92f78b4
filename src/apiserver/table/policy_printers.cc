#include "api/admissionregistration_k8s_io_v1.h"
#include "api/apiregistration_k8s_io_v1.h"
#include "api/certificates_k8s_io_v1.h"
#include "api/coordination_k8s_io_v1.h"
#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "api/node_k8s_io_v1.h"
#include "api/rbac_authorization_k8s_io_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "api/scheduling_k8s_io_v1.h"
#include "apiserver/table/cells.h"
#include "base/strings.h"

namespace apiserver::table {
namespace {

namespace admission = api::admissionregistration_k8s_io_v1;
namespace flow = api::flowcontrol_apiserver_k8s_io_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;
namespace resource = api::resource_k8s_io_v1;

template <class Binding>
void role_binding(const Binding& one, Cells& cells) {
  std::string users, groups, accounts;
  for (const auto& subject : one.subjects) {
    auto& list = subject.kind == "User" ? users : subject.kind == "Group" ? groups : accounts;
    if (!list.empty()) list += ", ";
    list += subject.kind == "ServiceAccount" ? base::cat({subject.namespace_, "/", subject.name}) : subject.name;
  }
  cells.text(one.metadata.name)
      .text(base::cat({one.role_ref.kind, "/", one.role_ref.name}))
      .age(one.metadata.creation_timestamp)
      .text(users)
      .text(groups)
      .text(accounts);
}

template <class Configuration>
void webhooks(const Configuration& one, Cells& cells) {
  cells.text(one.metadata.name).number(static_cast<int64_t>(one.webhooks.size())).age(one.metadata.creation_timestamp);
}

template <class Kind>
std::string param_kind(const Kind& kind) {
  if (!kind) return "<unset>";
  return kind->api_version.empty() ? kind->kind : base::cat({kind->api_version, "/", kind->kind});
}

void validating_policy(const admission::ValidatingAdmissionPolicy& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(static_cast<int64_t>(one.spec.validations.size()))
      .text(param_kind(one.spec.param_kind))
      .age(one.metadata.creation_timestamp);
}

void mutating_policy(const admission::MutatingAdmissionPolicy& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(static_cast<int64_t>(one.spec.mutations.size()))
      .text(param_kind(one.spec.param_kind))
      .age(one.metadata.creation_timestamp);
}

template <class Binding>
void policy_binding(const Binding& one, Cells& cells) {
  std::string reference = "<unset>";
  if (const auto& ref = one.spec.param_ref) {
    reference = !ref->name.empty()
                    ? (ref->namespace_.empty() ? "*/" + ref->name : base::cat({ref->namespace_, "/", ref->name}))
                : ref->selector ? selector_text(*ref->selector)
                                : "<unset>";
  }
  cells.text(one.metadata.name).text(one.spec.policy_name).text(reference).age(one.metadata.creation_timestamp);
}

void api_service(const api::apiregistration_k8s_io_v1::APIService& one, Cells& cells) {
  std::string available = "Unknown";
  for (const auto& condition : one.status.conditions) {
    if (condition.type != "Available") continue;
    available = condition.status == "True" ? "True" : base::cat({condition.status, " (", condition.reason, ")"});
  }
  const auto& service = one.spec.service;
  cells.text(one.metadata.name)
      .text(service ? base::cat({service->namespace_, "/", service->name}) : "Local")
      .text(available)
      .age(one.metadata.creation_timestamp);
}

void signing_request(const api::certificates_k8s_io_v1::CertificateSigningRequest& one, Cells& cells) {
  std::string state;
  bool approved = false, denied = false, failed = false;
  for (const auto& condition : one.status.conditions) {
    approved |= condition.type == "Approved";
    denied |= condition.type == "Denied";
    failed |= condition.type == "Failed";
  }
  state = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (failed) state += ",Failed";
  if (!one.status.certificate.empty()) state += ",Issued";
  cells.text(one.metadata.name)
      .age(one.metadata.creation_timestamp)
      .text_or(one.spec.signer_name, "<none>")
      .text(one.spec.username)
      .text(one.spec.expiration_seconds ? base::human_duration(int64_t{*one.spec.expiration_seconds} * 1'000'000'000)
                                        : "<none>")
      .text(state);
}

void lease(const api::coordination_k8s_io_v1::Lease& one, Cells& cells) {
  cells.text(one.metadata.name).text(one.spec.holder_identity.value_or("")).age(one.metadata.creation_timestamp);
}

void runtime_class(const api::node_k8s_io_v1::RuntimeClass& one, Cells& cells) {
  cells.text(one.metadata.name).text(one.handler).age(one.metadata.creation_timestamp);
}

void priority_class(const api::scheduling_k8s_io_v1::PriorityClass& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(one.value)
      .flag(one.global_default)
      .age(one.metadata.creation_timestamp)
      .text(one.preemption_policy.value_or(""));
}

void flow_schema(const flow::FlowSchema& one, Cells& cells) {
  std::string level =
      one.spec.priority_level_configuration.name.empty() ? "<none>" : one.spec.priority_level_configuration.name;
  std::string missing = "?";
  for (const auto& condition : one.status.conditions) {
    if (condition.type == "Dangling") missing = condition.status;
  }
  cells.text(one.metadata.name)
      .text(level)
      .number(one.spec.matching_precedence)
      .text_or(one.spec.distinguisher_method ? one.spec.distinguisher_method->type : "", "<none>")
      .age(one.metadata.creation_timestamp)
      .text(missing);
}

void priority_level(const flow::PriorityLevelConfiguration& one, Cells& cells) {
  std::optional<int32_t> shares, queues, hand, length;
  if (const auto& limited = one.spec.limited) {
    shares = limited->nominal_concurrency_shares;
    if (const auto& queuing = limited->limit_response.queuing) {
      queues = queuing->queues;
      hand = queuing->hand_size;
      length = queuing->queue_length_limit;
    }
  }
  cells.text(one.metadata.name).text(one.spec.type);
  for (const auto& number : {shares, queues, hand, length}) {
    if (number) {
      cells.number(*number);
    } else {
      cells.text("<none>");
    }
  }
  cells.age(one.metadata.creation_timestamp);
}

void resource_claim(const resource::ResourceClaim& one, Cells& cells) {
  std::string state;
  auto add = [&](std::string_view word) { state += base::cat({state.empty() ? "" : ",", word}); };
  if (!one.metadata.deletion_timestamp.is_zero()) add("deleted");
  if (one.status.allocation) {
    add("allocated");
  } else if (one.metadata.deletion_timestamp.is_zero()) {
    add("pending");
  }
  if (!one.status.reserved_for.empty()) add("reserved");
  cells.text(one.metadata.name).text(state).age(one.metadata.creation_timestamp);
}

void resource_slice(const resource::ResourceSlice& one, Cells& cells) {
  cells.text(one.metadata.name)
      .text(one.spec.node_name.value_or(""))
      .text(one.spec.driver)
      .text(one.spec.pool.name)
      .age(one.metadata.creation_timestamp);
}

}  // namespace

const std::vector<PrinterEntry>& policy_printers() {
  static const std::vector<PrinterEntry> list = {
      printer<rbac::RoleBinding, role_binding<rbac::RoleBinding>>(),
      printer<rbac::ClusterRoleBinding, role_binding<rbac::ClusterRoleBinding>>(),
      printer<admission::ValidatingWebhookConfiguration, webhooks<admission::ValidatingWebhookConfiguration>>(),
      printer<admission::MutatingWebhookConfiguration, webhooks<admission::MutatingWebhookConfiguration>>(),
      printer<admission::ValidatingAdmissionPolicy, validating_policy>(),
      printer<admission::MutatingAdmissionPolicy, mutating_policy>(),
      printer<admission::ValidatingAdmissionPolicyBinding,
              policy_binding<admission::ValidatingAdmissionPolicyBinding>>(),
      printer<admission::MutatingAdmissionPolicyBinding, policy_binding<admission::MutatingAdmissionPolicyBinding>>(),
      printer<api::apiregistration_k8s_io_v1::APIService, api_service>(),
      printer<api::certificates_k8s_io_v1::CertificateSigningRequest, signing_request>(),
      printer<api::coordination_k8s_io_v1::Lease, lease>(),
      printer<api::node_k8s_io_v1::RuntimeClass, runtime_class>(),
      printer<api::scheduling_k8s_io_v1::PriorityClass, priority_class>(),
      printer<flow::FlowSchema, flow_schema>(),
      printer<flow::PriorityLevelConfiguration, priority_level>(),
      printer<resource::ResourceClaim, resource_claim>(),
      printer<resource::ResourceSlice, resource_slice>(),
  };
  return list;
}

}  // namespace apiserver::table
