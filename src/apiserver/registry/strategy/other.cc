// Strategies of the groups that need one function or two.

#include "api/certificates_k8s_io_v1.h"
#include "api/scheduling_k8s_io_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/served.h"
#include "apiserver/registry/strategy/special.h"

namespace apiserver {
namespace {

namespace certificates = api::certificates_k8s_io_v1;
namespace scheduling = api::scheduling_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using schema::Object;

// A priority class keeps its value for life; the system's own stay.
class PriorityClassStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.generation = GenerationRule::OnlyFirst}; }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    FieldErrors errors;
    const auto& one = next.as<scheduling::PriorityClass>();
    constexpr int32_t kHighestUserValue = 1'000'000'000;
    bool system = one.metadata.name == "system-node-critical" || one.metadata.name == "system-cluster-critical";
    if (one.metadata.name.starts_with("system-") && !system) {
      errors.push_back(FieldError::forbidden(FieldPath("metadata").child("name"),
                                             "priority class names with 'system-' prefix are reserved for system use only. error: " +
                                                 one.metadata.name + " is not a known system priority class"));
    } else if (!system && one.value > kHighestUserValue) {
      errors.push_back(FieldError::forbidden(FieldPath("value"), "maximum allowed value of a user defined priority is 1000000000"));
    }
    return errors;
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    FieldErrors errors;
    const auto& one = next.as<scheduling::PriorityClass>();
    const auto& before = current.as<scheduling::PriorityClass>();
    if (one.value != before.value) errors.push_back(FieldError::invalid(FieldPath("value"), one.value, "field is immutable"));
    if (one.preemption_policy != before.preemption_policy) {
      errors.push_back(FieldError::invalid(FieldPath("preemptionPolicy"),
                                           one.preemption_policy ? schema::BadValue(*one.preemption_policy) : schema::BadValue(),
                                           "field is immutable"));
    }
    return errors;
  }
  base::Result<void> allow_delete(const Situation& situation, const Object& current) const override {
    const auto& name = current.meta().name;
    if (name != "system-node-critical" && name != "system-cluster-critical") return {};
    return base::fail(forbidden("scheduling.k8s.io", "priorityclasses", name, "this is a system priority class and cannot be deleted"));
  }
};

// Who asks for a certificate is written down by the server; only approval and status change it later.
class CertificateRequestStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.name_rule = NameRule::PathSegment}; }
  void prepare_create(const Situation& situation, Object& next) const override {
    auto& request = next.as<certificates::CertificateSigningRequest>();
    request.spec.username = situation.user.name;
    request.spec.uid = situation.user.uid;
    request.spec.groups = situation.user.groups;
    request.spec.extra.clear();
    for (const auto& [key, values] : situation.user.extra) request.spec.extra[key] = values;
    request.status = {};
  }
  void prepare_update(const Situation& situation, Object& next, const Object& current) const override {
    auto& request = next.as<certificates::CertificateSigningRequest>();
    const auto& before = current.as<certificates::CertificateSigningRequest>();
    request.spec = before.spec;
    if (situation.subresource != "approval") return;
    auto conditions = request.status.conditions;
    request.status = before.status;
    request.status.conditions = std::move(conditions);
    stamp(request, before, situation.now);
  }
  FieldErrors validate_update(const Situation& situation, const Object& next, const Object& current) const override {
    if (situation.subresource != "approval") return {};
    return check_conditions(next.as<certificates::CertificateSigningRequest>(), current.as<certificates::CertificateSigningRequest>(), true);
  }
  FieldErrors validate_status(const Situation&, const Object& next, const Object& current) const override {
    const auto& request = next.as<certificates::CertificateSigningRequest>();
    auto errors = check_conditions(request, current.as<certificates::CertificateSigningRequest>(), false);
    if (!request.status.certificate.empty() && request.status.certificate.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      errors.push_back(FieldError::invalid(FieldPath("status").child("certificate"), "<certificate data>",
                                           "must contain at least one CERTIFICATE PEM block"));
    }
    return errors;
  }
  void prepare_status(const Situation& situation, Object& next, const Object& current) const override {
    stamp(next.as<certificates::CertificateSigningRequest>(), current.as<certificates::CertificateSigningRequest>(), situation.now);
  }

 private:
  using Request = certificates::CertificateSigningRequest;

  static bool has_condition(const Request& request, std::string_view type) {
    for (const auto& one : request.status.conditions) {
      if (one.type == type) return true;
    }
    return false;
  }

  // Approval and denial are for ever, exclude each other, and come through the approval subresource only.
  static FieldErrors check_conditions(const Request& next, const Request& current, bool approves) {
    FieldErrors errors;
    FieldPath path = FieldPath("status").child("conditions");
    for (size_t i = 0; i < next.status.conditions.size(); ++i) {
      const auto& one = next.status.conditions[i];
      bool final_kind = one.type == "Approved" || one.type == "Denied" || one.type == "Failed";
      if (final_kind && one.status != "True") {
        errors.push_back(FieldError::not_supported(path.index(i).child("status"), one.status, {"True"}));
      }
    }
    if (has_condition(next, "Approved") && has_condition(next, "Denied")) {
      errors.push_back(FieldError::invalid(path, "Denied", "Approved and Denied conditions are mutually exclusive"));
    }
    for (std::string_view type : {"Approved", "Denied"}) {
      bool has = has_condition(next, type);
      bool had = has_condition(current, type);
      if (has && !had && !approves) {
        errors.push_back(FieldError::forbidden(path, "updates may not add a condition of type \"" + std::string(type) + "\""));
      }
      if (!has && had) {
        errors.push_back(FieldError::forbidden(path, "updates may not remove a condition of type \"" + std::string(type) + "\""));
      }
    }
    if (!has_condition(next, "Failed") && has_condition(current, "Failed")) {
      errors.push_back(FieldError::forbidden(path, "updates may not remove a condition of type \"Failed\""));
    }
    return errors;
  }

  // New conditions get the times they were left without.
  static void stamp(certificates::CertificateSigningRequest& request, const certificates::CertificateSigningRequest& before,
                    base::Time now) {
    for (auto& condition : request.status.conditions) {
      if (condition.last_update_time.is_zero()) condition.last_update_time = now.truncated_to_seconds();
      if (!condition.last_transition_time.is_zero()) continue;
      condition.last_transition_time = now.truncated_to_seconds();
      for (const auto& old : before.status.conditions) {
        if (old.type == condition.type && old.status == condition.status) condition.last_transition_time = old.last_transition_time;
      }
    }
  }
};

}  // namespace

void add_other_strategies(StrategyMap& all) {
  all["priorityclasses.scheduling.k8s.io"] = std::make_unique<PriorityClassStrategy>();
  all["certificatesigningrequests.certificates.k8s.io"] = std::make_unique<CertificateRequestStrategy>();
}

}  // namespace apiserver
