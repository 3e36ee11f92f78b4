#include "controller/csr/csr.h"

#include <algorithm>

#include "api/authorization_k8s_io_v1.h"
#include "base/log.h"
#include "client/queue.h"
#include "controller/common/ownership.h"

namespace controller {
namespace {

using api::certificates_k8s_io_v1::CertificateSigningRequest;
using base::Code;
using base::Result;
using client::Key;

constexpr int64_t kBackdateSeconds = 300;  // clocks of the cluster may differ a little
constexpr int64_t kLifeSecondsMin = 600;

bool has_condition(const CertificateSigningRequest& request, std::string_view type) {
  return std::any_of(request.status.conditions.begin(), request.status.conditions.end(),
                     [&](const auto& condition) { return condition.type == type; });
}

void add_condition(CertificateSigningRequest& request, std::string type, std::string reason, std::string message,
                   base::Time now) {
  auto& condition = request.status.conditions.emplace_back();
  condition.type = std::move(type);
  condition.status = "True";
  condition.reason = std::move(reason);
  condition.message = std::move(message);
  condition.last_update_time = now;
  condition.last_transition_time = now;
}

// What both have in common: requests that want attention, one at a time.
class RequestController : public Controller {
 public:
  RequestController(Context& context, std::string name)
      : context_(context),
        name_(std::move(name)),
        requests_(context.caches.of<CertificateSigningRequest>()),
        queue_(context.random) {
    requests_.add_listener(
        [this](const Key& key, const CertificateSigningRequest*, const CertificateSigningRequest* now) {
          if (now != nullptr) queue_.add(key);
        });
  }

  io::Task<void> run() override {
    co_await requests_.wait_synced();
    co_await client::run_workers(name_, queue_, 1, [this](Key key) { return look(std::move(key)); });
  }

 protected:
  virtual io::Task<Result<void>> reconcile(const CertificateSigningRequest& request) = 0;

  Context& context_;

 private:
  io::Task<Result<void>> look(Key key) {
    auto request = requests_.get(key);
    if (!request || is_being_deleted(request->metadata)) co_return {};
    if (!request->status.certificate.empty() || has_condition(*request, "Denied") || has_condition(*request, "Failed"))
      co_return {};
    co_return co_await reconcile(*request);
  }

  const std::string name_;
  client::Cache<CertificateSigningRequest>& requests_;
  client::Queue queue_;
};

class Approver final : public RequestController {
 public:
  explicit Approver(Context& context) : RequestController(context, "certificate-approver") {}

 private:
  io::Task<Result<void>> reconcile(const CertificateSigningRequest& request) override {
    if (request.spec.signer_name != csr::kKubeletClient || has_condition(request, "Approved")) co_return {};
    auto asked = pki::read_request(request.spec.request);
    if (!asked || !csr::refusal(request.spec, *asked).empty()) co_return {};
    if (request.spec.username == asked->common_name) {
      CO_TRY(bool renews, co_await may(request, "selfnodeclient"));
      if (renews)
        co_return co_await approve(request,
                                   "Auto approving self kubelet client certificate after SubjectAccessReview.");
    }
    CO_TRY(bool begins, co_await may(request, "nodeclient"));
    if (begins)
      co_return co_await approve(request, "Auto approving kubelet client certificate after SubjectAccessReview.");
    co_return {};  // a person decides
  }

  io::Task<Result<bool>> may(const CertificateSigningRequest& request, std::string subresource) {
    api::authorization_k8s_io_v1::SubjectAccessReview review;
    review.spec.user = request.spec.username;
    review.spec.uid = request.spec.uid;
    review.spec.groups = request.spec.groups;
    auto& what = review.spec.resource_attributes.emplace();
    what.verb = "create";
    what.group = "certificates.k8s.io";
    what.version = "*";
    what.resource = "certificatesigningrequests";
    what.subresource = std::move(subresource);
    CO_TRY(auto reviewed, co_await context_.client.create(std::move(review)));
    co_return reviewed.status.allowed;
  }

  io::Task<Result<void>> approve(CertificateSigningRequest request, std::string message) {
    add_condition(request, "Approved", "AutoApproved", std::move(message), context_.now());
    CO_TRY(auto stored, co_await context_.client.update(std::move(request), "approval"));
    static_cast<void>(stored);
    co_return {};
  }
};

class Signer final : public RequestController {
 public:
  explicit Signer(Context& context) : RequestController(context, "certificate-signer") {}

 private:
  io::Task<Result<void>> reconcile(const CertificateSigningRequest& request) override {
    if (context_.options.signing_authority.key_pem.empty() || !has_condition(request, "Approved")) co_return {};
    const auto& signer = request.spec.signer_name;
    if (signer != csr::kClient && signer != csr::kKubeletClient && signer != csr::kKubeletServing) co_return {};
    CertificateSigningRequest next = request;
    auto asked = pki::read_request(request.spec.request);
    std::string why = asked ? csr::refusal(request.spec, *asked) : asked.error().message();
    if (!why.empty()) {
      add_condition(next, "Failed", "SignerValidationFailure", std::move(why), context_.now());
    } else {
      CO_TRY(next.status.certificate, sign(request, std::move(*asked)));
    }
    CO_TRY(auto stored, co_await context_.client.update(std::move(next), "status"));
    static_cast<void>(stored);
    co_return {};
  }

  Result<std::string> sign(const CertificateSigningRequest& request, pki::CertificateOptions options) const {
    options.server = request.spec.signer_name == csr::kKubeletServing;
    options.client = !options.server;
    int64_t life = context_.options.signing_seconds_max;
    if (request.spec.expiration_seconds)
      life = std::min<int64_t>(life, std::max<int64_t>(kLifeSecondsMin, *request.spec.expiration_seconds));
    int64_t now = context_.now().seconds;
    options.not_before = {now - kBackdateSeconds, 0};
    options.not_after = {now + life, 0};
    return pki::sign_request(context_.options.signing_authority, request.spec.request, options);
  }
};

}  // namespace

std::unique_ptr<Controller> make_csr_approver(Context& context) {
  return std::make_unique<Approver>(context);
}
std::unique_ptr<Controller> make_csr_signer(Context& context) {
  return std::make_unique<Signer>(context);
}

}  // namespace controller
