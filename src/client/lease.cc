#include "client/lease.h"

#include <algorithm>

#include "base/log.h"
#include "client/status.h"

namespace client {
namespace {

using api::coordination_k8s_io_v1::Lease;
using base::Code;
using base::Result;

int32_t seconds(io::Duration span) {
  return static_cast<int32_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

base::Time now(base::Clock& clock) {
  return base::Time::from_ns(clock.wall_ns()).truncated_to_micros();
}

// What a contender knows of the lease.
class Contender {
 public:
  Contender(Client client, base::Clock& clock, ElectionOptions options)
      : client_(std::move(client)), clock_(clock), options_(std::move(options)) {}

  // One try. True while we hold the lease.
  io::Task<Result<bool>> try_once() {
    auto read = co_await client_.get<Lease>(options_.namespace_, options_.name);
    if (!read && read.error().code() != Code::NotFound) co_return base::fail(read.error());
    if (!read) {
      Lease fresh;
      fresh.metadata.namespace_ = options_.namespace_;
      fresh.metadata.name = options_.name;
      hold(fresh, 0);
      CO_TRY(auto created, co_await client_.create(std::move(fresh)));
      observe(created);
      co_return true;
    }
    Lease lease = std::move(*read);
    observe(lease);
    bool ours = lease.spec.holder_identity == options_.identity;
    bool free = !lease.spec.holder_identity || lease.spec.holder_identity->empty();
    if (!ours && !free && clock_.monotonic_ns() - observed_ns_ < span_of(lease)) co_return false;
    int32_t transitions = lease.spec.lease_transitions.value_or(0);
    base::Time acquired = lease.spec.acquire_time;
    hold(lease, ours ? transitions : transitions + 1);
    if (ours) lease.spec.acquire_time = acquired;
    CO_TRY(auto updated, co_await client_.update(std::move(lease)));
    observe(updated);
    co_return true;
  }

  io::Task<void> release() {
    auto read = co_await client_.get<Lease>(options_.namespace_, options_.name);
    if (!read || read->spec.holder_identity != options_.identity) co_return;
    read->spec.holder_identity = "";
    read->spec.lease_duration_seconds = 1;
    read->spec.renew_time = now(clock_);
    auto released = co_await client_.update(std::move(*read));
    if (!released)
      LOG_WARNING("Failed to release lease", {"lease", options_.name}, {"err", released.error().message()});
  }

  const ElectionOptions& options() const { return options_; }

 private:
  void hold(Lease& lease, int32_t transitions) {
    lease.spec.holder_identity = options_.identity;
    lease.spec.lease_duration_seconds = seconds(options_.lease_duration);
    lease.spec.acquire_time = now(clock_);
    lease.spec.renew_time = now(clock_);
    lease.spec.lease_transitions = transitions;
  }
  void observe(const Lease& lease) {
    if (lease.metadata.resource_version == observed_version_) return;
    observed_version_ = lease.metadata.resource_version;
    observed_ns_ = clock_.monotonic_ns();
  }
  int64_t span_of(const Lease& lease) const {
    return int64_t{lease.spec.lease_duration_seconds.value_or(seconds(options_.lease_duration))} * 1'000'000'000;
  }

  Client client_;
  base::Clock& clock_;
  ElectionOptions options_;
  std::string observed_version_;
  int64_t observed_ns_ = 0;
};

io::Task<void> run_and_tell(io::Task<void> task, io::Event* ended) {
  co_await std::move(task);
  ended->set();
}

}  // namespace

io::Task<void> lead_while_elected(Client client, base::Clock& clock, base::Random& random, ElectionOptions options,
                                  std::function<io::Task<void>()> lead) {
  Contender contender(std::move(client), clock, std::move(options));
  const ElectionOptions& chosen = contender.options();
  for (;;) {
    auto held = co_await contender.try_once();
    if (held && *held) break;
    if (!held) LOG_V(2, "Cannot take the lease", {"lease", chosen.name}, {"err", held.error().message()});
    auto spread = static_cast<int64_t>(static_cast<double>(chosen.retry_period.count()) * 1.2 * random.unit());
    co_await io::sleep(chosen.retry_period + io::Duration(spread));
  }
  LOG_INFO("Successfully acquired lease", {"lease", chosen.namespace_ + "/" + chosen.name});

  io::Event ended;
  io::Scope scope;
  scope.spawn(run_and_tell(lead(), &ended));
  int64_t renewed_ns = clock.monotonic_ns();
  while (!co_await ended.wait_for(chosen.retry_period)) {
    io::Duration left(renewed_ns + chosen.renew_deadline.count() - clock.monotonic_ns());
    auto held = co_await io::with_timeout(std::max(left, io::Duration(1)), contender.try_once());
    if (held && *held && **held) {
      renewed_ns = clock.monotonic_ns();
      continue;
    }
    bool taken = held && *held && !**held;
    if (taken || clock.monotonic_ns() - renewed_ns >= chosen.renew_deadline.count()) {
      LOG_ERROR("Leader election lost", {"lease", chosen.namespace_ + "/" + chosen.name});
      scope.cancel();
      co_return;
    }
  }
  co_await contender.release();
}

namespace {

io::Task<Result<void>> beat(Client client, base::Clock& clock, const HeartbeatOptions& options, Lease* last) {
  Lease lease = *last;
  if (lease.metadata.resource_version.empty()) {
    auto read = co_await client.get<Lease>(options.namespace_, options.name);
    if (!read && read.error().code() != Code::NotFound) co_return base::fail(read.error());
    lease = read ? std::move(*read) : Lease();
  }
  lease.metadata.namespace_ = options.namespace_;
  lease.metadata.name = options.name;
  for (const auto& [key, value] : options.labels) lease.metadata.labels[key] = value;
  lease.spec.holder_identity = options.holder.empty() ? options.name : options.holder;
  lease.spec.lease_duration_seconds = seconds(options.lease_duration);
  lease.spec.renew_time = now(clock);
  if (lease.metadata.owner_references.empty() && options.owners) lease.metadata.owner_references = options.owners();
  bool fresh = lease.metadata.resource_version.empty();
  Result<Lease> stored = base::fail(Code::Internal, "not sent");
  if (fresh) {
    stored = co_await client.create(std::move(lease));
  } else {
    stored = co_await client.update(std::move(lease));
  }
  if (!stored) {
    *last = Lease();  // read it again
    co_return base::fail(stored.error());
  }
  *last = std::move(*stored);
  co_return {};
}

}  // namespace

io::Task<void> keep_heartbeat(Client client, base::Clock& clock, HeartbeatOptions options) {
  constexpr io::Duration kRetryMin = std::chrono::milliseconds(200);
  constexpr io::Duration kRetryMax = std::chrono::seconds(7);
  Lease last;
  io::Duration retry = kRetryMin;
  for (;;) {
    auto kept = co_await beat(client, clock, options, &last);
    if (kept) {
      retry = kRetryMin;
      co_await io::sleep(options.renew_interval);
      continue;
    }
    LOG_V(1, "Failed to renew the lease", {"lease", options.name}, {"err", kept.error().message()});
    co_await io::sleep(retry);
    retry = std::min(retry * 2, kRetryMax);
  }
}

}  // namespace client
