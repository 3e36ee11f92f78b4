#include "apiserver/audit/sink.h"

#include <algorithm>

#include "base/strings.h"

namespace apiserver {

base::Result<AuditMode> audit_mode(std::string_view text) {
  if (text == "batch") return AuditMode::Batch;
  if (text == "blocking") return AuditMode::Blocking;
  if (text == "blocking-strict") return AuditMode::BlockingStrict;
  return base::fail(base::Code::BadRequest,
                    base::cat({"invalid audit mode ", text, ", allowed modes are \"batch,blocking,blocking-strict\""}));
}

base::Result<void> AuditDelivery::validate(std::string_view flag) const {
  auto positive = [&](std::string_view name, int64_t value) -> base::Result<void> {
    if (value > 0) return {};
    return base::fail(base::Code::BadRequest, base::cat({"invalid --", flag, "-", name, " ", std::to_string(value),
                                                         ", must be a positive number"}));
  };
  if (mode == AuditMode::Batch) {
    TRY(positive("batch-buffer-size", waiting_max));
    TRY(positive("batch-max-size", batch_max));
    if (throttles) {
      TRY(positive("batch-throttle-burst", burst));
      if (batches_per_second <= 0)
        return base::fail(base::Code::BadRequest,
                          base::cat({"invalid --", flag, "-batch-throttle-qps, must be a positive number"}));
    }
  }
  if (truncates) {
    TRY(positive("truncate-max-event-size", event_bytes_max));
    if (batch_bytes_max < event_bytes_max) {
      return base::fail(base::Code::BadRequest,
                        base::cat({"invalid --", flag, "-truncate-max-batch-size, must be greater than --", flag,
                                   "-truncate-max-event-size"}));
    }
  }
  return {};
}

AuditSink::AuditSink(std::unique_ptr<AuditBackend> backend, AuditDelivery delivery, const base::Clock& clock)
    : backend_(std::move(backend)),
      delivery_(delivery),
      clock_(clock),
      turns_(static_cast<double>(delivery.burst)),
      turns_at_ns_(clock.monotonic_ns()) {}

io::Task<bool> AuditSink::deliver(std::string event_json) {
  if (delivery_.mode == AuditMode::Batch) co_return queue(event_json);
  auto now = backend_->write_now(event_json);
  if (now != AuditBackend::Now::Cannot) co_return now == AuditBackend::Now::Kept;
  std::vector<std::string> one;
  one.push_back(std::move(event_json));
  co_return co_await backend_->write(std::move(one));
}

void AuditSink::take(const std::string& event_json) {
  if (delivery_.mode != AuditMode::Batch && backend_->write_now(event_json) != AuditBackend::Now::Cannot) return;
  queue(event_json);
}

bool AuditSink::queue(const std::string& event_json) {
  base::Lock lock(mutex_);
  if (waiting_.size() >= static_cast<size_t>(delivery_.waiting_max)) return false;
  waiting_.push_back(event_json);
  bool first = waiting_.size() == 1;
  bool full = waiting_.size() == static_cast<size_t>(delivery_.batch_max);
  if ((first || full) && loop_ != nullptr) {
    loop_->post([this, full] {
      due_.set();
      if (full) full_.set();
    });
  }
  return true;
}

io::Task<void> AuditSink::run() {
  {
    base::Lock lock(mutex_);
    loop_ = &io::Loop::current();
    if (!waiting_.empty()) due_.set();
    if (waiting_.size() >= static_cast<size_t>(delivery_.batch_max)) full_.set();
  }
  for (;;) {
    co_await due_.wait();
    bool waits = delivery_.mode == AuditMode::Batch && delivery_.batch_wait_ns > 0;
    if (waits) co_await io::with_timeout(std::chrono::nanoseconds(delivery_.batch_wait_ns), full_.wait());
    if (delivery_.mode == AuditMode::Batch && delivery_.throttles) co_await wait_for_turn();
    auto batch = next_batch();
    if (!batch.empty()) co_await backend_->write(std::move(batch));
  }
}

io::Task<void> AuditSink::drain() {
  for (;;) {
    auto batch = next_batch();
    if (batch.empty()) co_return;
    if (!co_await backend_->write(std::move(batch))) co_return;
  }
}

std::vector<std::string> AuditSink::next_batch() {
  std::vector<std::string> batch;
  int64_t bytes = 0;
  base::Lock lock(mutex_);
  while (!waiting_.empty() && batch.size() < static_cast<size_t>(std::max<int64_t>(delivery_.batch_max, 1))) {
    bytes += static_cast<int64_t>(waiting_.front().size());
    if (delivery_.truncates && !batch.empty() && bytes > delivery_.batch_bytes_max) break;
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  if (waiting_.empty()) due_.reset();
  if (waiting_.size() < static_cast<size_t>(delivery_.batch_max)) full_.reset();
  return batch;
}

io::Task<void> AuditSink::wait_for_turn() {
  int64_t now_ns = clock_.monotonic_ns();
  turns_ = std::min(static_cast<double>(delivery_.burst),
                    turns_ + static_cast<double>(now_ns - turns_at_ns_) / 1e9 * delivery_.batches_per_second);
  turns_at_ns_ = now_ns;
  turns_ -= 1;
  if (turns_ >= 0) co_return;
  co_await io::sleep(std::chrono::nanoseconds(static_cast<int64_t>(-turns_ / delivery_.batches_per_second * 1e9)));
}

}  // namespace apiserver
