#include "apiserver/audit/webhook.h"

#include "base/log.h"

namespace apiserver {
namespace {

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr int kTries = 5;
constexpr double kGrowth = 1.5;

}  // namespace

io::Task<bool> AuditWebhook::write(std::vector<std::string> events) {
  std::string body = R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[)";
  for (size_t i = 0; i < events.size(); ++i) {
    if (i > 0) body += ',';
    body += events[i];
  }
  body += "]}";
  auto pause_ns = static_cast<double>(initial_backoff_ns_);
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) {
      co_await io::sleep(std::chrono::nanoseconds(static_cast<int64_t>(pause_ns)));
      pause_ns *= kGrowth;
    }
    auto reply = co_await post(server_, body, kTimeout);
    if (reply && reply->status < 300) co_return true;
    LOG_WARNING("Audit events cannot be delivered",
                {"err", reply ? std::to_string(reply->status) : reply.error().message()});
    // Another try helps only with what may pass.
    if (reply && reply->status < 500 && reply->status != 429) break;
  }
  co_return false;
}

}  // namespace apiserver
