#include <algorithm>
#include <limits>

#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/csr/csr.h"

namespace controller {
namespace {

using api::certificates_k8s_io_v1::CertificateSigningRequest;
using base::Code;
using base::Result;
using client::Key;

constexpr int64_t kSettledSeconds = 3600;
constexpr int64_t kPendingSeconds = 24 * 3600;

class Cleaner final : public Controller {
 public:
  explicit Cleaner(Context& context)
      : context_(context), requests_(context.caches.of<CertificateSigningRequest>()), queue_(context.random) {
    requests_.add_listener(
        [this](const Key& key, const CertificateSigningRequest*, const CertificateSigningRequest* now) {
          if (now != nullptr) queue_.add(key);
        });
  }

  io::Task<void> run() override {
    co_await requests_.wait_synced();
    co_await client::run_workers("certificate-cleaner", queue_, 1,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto request = requests_.get(key);
    if (!request || is_being_deleted(request->metadata)) co_return {};
    int64_t due = csr::goes_at(*request), now = context_.now().seconds;
    if (due == std::numeric_limits<int64_t>::max()) co_return {};
    if (due > now) {
      queue_.add_after(key, std::chrono::seconds(due - now));
      co_return {};
    }
    auto removed = co_await context_.client.remove<CertificateSigningRequest>(
        "", key.name, client::DeleteOptions{.uid = request->metadata.uid});
    if (!removed && removed.error().code() != Code::NotFound) co_return removed;
    co_return {};
  }

  Context& context_;
  client::Cache<CertificateSigningRequest>& requests_;
  client::Queue queue_;
};

}  // namespace

namespace csr {

int64_t goes_at(const CertificateSigningRequest& request) {
  const auto& status = request.status;
  int64_t due = std::numeric_limits<int64_t>::max();
  if (status.conditions.empty()) return request.metadata.creation_timestamp.seconds + kPendingSeconds;
  for (const auto& condition : status.conditions) {
    bool issued = condition.type == "Approved" && !status.certificate.empty();
    if (!issued && condition.type != "Denied" && condition.type != "Failed") continue;
    due = std::min(due, condition.last_update_time.seconds + kSettledSeconds);
    if (!issued) continue;
    if (auto certificate = pki::read_certificate(status.certificate))
      due = std::min(due, certificate->not_after.seconds);
  }
  return due;
}

}  // namespace csr

std::unique_ptr<Controller> make_csr_cleaner(Context& context) {
  return std::make_unique<Cleaner>(context);
}

}  // namespace controller
