// Requests for certificates.

#include "api/certificates_k8s_io_v1.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/certificate_request.h"

namespace apiserver {
namespace {

using Request = api::certificates_k8s_io_v1::CertificateSigningRequest;
using schema::FieldErrors;
using schema::Object;

// Who asks for a certificate is written down by the server; only approval and status change it later.
class CertificateRequestStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.name_rule = NameRule::PathSegment, .update_checks_whole_metadata = true}; }
  void prepare_create(const Situation& situation, Object& next) const override {
    auto& request = next.as<Request>();
    request.spec.username = situation.user.name;
    request.spec.uid = situation.user.uid;
    request.spec.groups = situation.user.groups;
    request.spec.extra.clear();
    for (const auto& [key, values] : situation.user.extra) request.spec.extra[key] = values;
    request.status = {};
  }
  void prepare_update(const Situation& situation, Object& next, const Object& current) const override {
    auto& request = next.as<Request>();
    const auto& before = current.as<Request>();
    request.spec = before.spec;
    if (situation.subresource != "approval") return;
    auto conditions = request.status.conditions;
    request.status = before.status;
    request.status.conditions = std::move(conditions);
    stamp(request, before, situation.now);
  }
  void prepare_status(const Situation& situation, Object& next, const Object& current) const override {
    stamp(next.as<Request>(), current.as<Request>(), situation.now);
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_certificate_request(next.as<Request>());
  }
  FieldErrors validate_update(const Situation& situation, const Object& next, const Object& current) const override {
    auto part = situation.subresource == "approval" ? RequestPart::Approval : RequestPart::Main;
    return validate_certificate_request_update(next.as<Request>(), current.as<Request>(), part);
  }
  FieldErrors validate_status(const Situation&, const Object& next, const Object& current) const override {
    return validate_certificate_request_update(next.as<Request>(), current.as<Request>(), RequestPart::Status);
  }

 private:
  // New conditions get the times they were left without.
  static void stamp(Request& request, const Request& before, base::Time now) {
    for (auto& condition : request.status.conditions) {
      if (condition.last_update_time.is_zero()) condition.last_update_time = now.truncated_to_seconds();
      if (!condition.last_transition_time.is_zero()) continue;
      condition.last_transition_time = now.truncated_to_seconds();
      for (const auto& old : before.status.conditions) {
        if (old.type == condition.type && old.status == condition.status)
          condition.last_transition_time = old.last_transition_time;
      }
    }
  }
};

}  // namespace

void add_certificate_strategies(StrategyMap& all) {
  all["certificatesigningrequests.certificates.k8s.io"] = std::make_unique<CertificateRequestStrategy>();
}

}  // namespace apiserver
