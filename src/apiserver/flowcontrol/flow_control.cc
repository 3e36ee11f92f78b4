#include "apiserver/flowcontrol/flow_control.h"

#include <algorithm>
#include <cmath>

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "apiserver/flowcontrol/classify.h"
#include "apiserver/pipeline/errors.h"
#include "io/loop.h"

namespace apiserver {
namespace {

namespace flow = api::flowcontrol_apiserver_k8s_io_v1;

constexpr int64_t kPlanNs = 1'000'000'000;           // how old a plan may be
constexpr auto kWaitMax = std::chrono::seconds(15);  // a quarter of a request's time, as upstream

std::unexpected<base::Error> too_many() {
  return base::fail(too_many_requests("Too many requests, please try again later.", 1));
}

}  // namespace

struct FlowControl::Plan {
  struct Limits {
    std::string uid;
    bool exempt = false;
    FairQueue::Limits queue;
    int reserved = 0;    // seats that are not lent
    int borrowing = -1;  // seats that may be borrowed; -1: any number
  };
  std::vector<flow::FlowSchema> schemas;  // by precedence
  std::map<std::string, Limits, std::less<>> levels;
};

struct FlowControl::Level {
  explicit Level(const Plan::Limits& limits) : limits(limits), queue(limits.queue) {}
  Plan::Limits limits;
  FairQueue queue;
};

// Waits for its seat on its own loop. Whoever is destroyed before has left.
struct FlowControl::Applicant {
  struct Place final : Waiter {
    explicit Place(io::Loop& loop) : loop(loop) {}
    void seated() override {
      has_seat = true;
      if (auto self = me.lock()) loop.post([self] { self->ready.set(); });
    }
    io::Loop& loop;
    io::Event ready;        // on that loop
    bool has_seat = false;  // guarded by the control's lock
    std::weak_ptr<Place> me;
  };

  Applicant(FlowControl& control, std::string level)
      : control(control), level(std::move(level)), place(std::make_shared<Place>(io::Loop::current())) {
    place->me = place;
  }
  ~Applicant() {
    if (taken) return;
    base::Lock lock(control.mutex_);
    auto at = control.levels_.find(level);
    if (at == control.levels_.end() || at->second->queue.leave(place) || !place->has_seat) return;
    at->second->queue.rise();
    control.seat_waiting();
  }
  FlowControl& control;
  std::string level;
  std::shared_ptr<Place> place;
  bool taken = false;  // the seat is somebody else's to give back
};

FlowControl::FlowControl(const Reader& reader, const base::Clock& clock, int seats)
    : reader_(reader), clock_(clock), seats_(seats) {}
FlowControl::~FlowControl() = default;

io::Task<base::Result<std::shared_ptr<const FlowControl::Plan>>> FlowControl::plan() {
  int64_t now = clock_.monotonic_ns();
  {
    base::Lock lock(mutex_);
    if (plan_ != nullptr && now < plan_until_ns_) co_return plan_;
  }
  auto fresh = std::make_shared<Plan>();
  CO_TRY(fresh->schemas, co_await reader_.list<flow::FlowSchema>(""));
  CO_TRY(auto levels, co_await reader_.list<flow::PriorityLevelConfiguration>(""));
  std::sort(fresh->schemas.begin(), fresh->schemas.end(), [](const auto& a, const auto& b) {
    if (a.spec.matching_precedence != b.spec.matching_precedence)
      return a.spec.matching_precedence < b.spec.matching_precedence;
    return a.metadata.name < b.metadata.name;
  });
  auto shares_of = [](const flow::PriorityLevelConfiguration& level) {
    if (level.spec.limited) return level.spec.limited->nominal_concurrency_shares.value_or(30);
    return level.spec.exempt ? level.spec.exempt->nominal_concurrency_shares.value_or(0) : 0;
  };
  double all = 0;
  for (const auto& level : levels) all += shares_of(level);
  for (const auto& level : levels) {
    Plan::Limits limits;
    limits.uid = level.metadata.uid;
    limits.exempt = level.spec.type == "Exempt" || !level.spec.limited;
    if (!limits.exempt) {
      const auto& limited = *level.spec.limited;
      int seats = all > 0 ? static_cast<int>(std::ceil(seats_ * shares_of(level) / all)) : 0;
      limits.queue.seats = seats;
      limits.reserved = seats - static_cast<int>(std::lround(seats * limited.lendable_percent.value_or(0) / 100.0));
      if (limited.borrowing_limit_percent)
        limits.borrowing = static_cast<int>(std::lround(seats * *limited.borrowing_limit_percent / 100.0));
      if (limited.limit_response.type == "Queue" && limited.limit_response.queuing) {
        const auto& queuing = *limited.limit_response.queuing;
        limits.queue.queues = static_cast<size_t>(std::max(queuing.queues, 1));
        limits.queue.hand = static_cast<size_t>(std::max(queuing.hand_size, 1));
        limits.queue.length = static_cast<size_t>(std::max(queuing.queue_length_limit, 1));
      }
    }
    fresh->levels.emplace(level.metadata.name, std::move(limits));
  }
  base::Lock lock(mutex_);
  plan_ = fresh;
  plan_until_ns_ = now + kPlanNs;
  adopt(*fresh);
  co_return plan_;
}

void FlowControl::adopt(const Plan& plan) {
  for (const auto& [name, limits] : plan.levels) {
    auto& level = levels_[name];
    if (level == nullptr) {
      level = std::make_unique<Level>(limits);
    } else {
      level->limits = limits;
      level->queue.set_limits(limits.queue);
    }
  }
  // A level that is gone stays until the last has left it.
  std::erase_if(levels_, [&](const auto& one) {
    return !plan.levels.contains(one.first) && one.second->queue.seated() == 0 && one.second->queue.waiting() == 0;
  });
  seat_waiting();
}

int FlowControl::seats_of(const Level& level) const {
  int own = level.limits.queue.seats;
  if (level.queue.seated() < own) return own;
  int free = seats_;
  for (const auto& [name, other] : levels_) free -= std::max(other->queue.seated(), other->limits.reserved);
  int most = level.limits.borrowing < 0 ? seats_ : own + level.limits.borrowing;
  return free > 0 ? std::min(most, level.queue.seated() + 1) : own;
}

void FlowControl::seat_waiting() {
  for (auto& [name, level] : levels_) {
    while (level->queue.seat_next(seats_of(*level))) {
    }
  }
}

void FlowControl::rise(const std::string& name) {
  base::Lock lock(mutex_);
  auto level = levels_.find(name);
  if (level == levels_.end()) return;
  level->second->queue.rise();
  seat_waiting();
}

io::Task<base::Result<FlowControl::Admitted>> FlowControl::enter(AuthorizationAttributes asked) {
  CO_TRY(auto plan, co_await this->plan());
  Admitted admitted;
  auto schema = std::find_if(plan->schemas.begin(), plan->schemas.end(),
                             [&](const auto& one) { return flow_schema_covers(one, asked); });
  if (schema == plan->schemas.end()) co_return admitted;
  const std::string& name = schema->spec.priority_level_configuration.name;
  auto limits = plan->levels.find(name);
  if (limits == plan->levels.end()) co_return admitted;
  admitted.schema_uid = schema->metadata.uid;
  admitted.level_uid = limits->second.uid;
  if (limits->second.exempt) co_return admitted;

  Applicant applicant(*this, name);
  {
    base::Lock lock(mutex_);
    auto at = levels_.find(name);
    if (at == levels_.end()) co_return admitted;
    Level& level = *at->second;
    if (level.queue.sit(seats_of(level))) {
      applicant.taken = true;
      admitted.seat = Seat(this, name);
      co_return admitted;
    }
    if (!level.queue.queue(flow_of(*schema, asked), applicant.place)) {
      applicant.taken = true;
      co_return too_many();
    }
  }
  bool in_time = co_await io::with_timeout(kWaitMax, applicant.place->ready.wait());
  if (!in_time) co_return too_many();
  applicant.taken = true;
  admitted.seat = Seat(this, name);
  co_return admitted;
}

}  // namespace apiserver
