#include "apiserver/flowcontrol/flow_control.h"

#include <algorithm>
#include <cmath>
#include <list>

#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "apiserver/flowcontrol/classify.h"
#include "apiserver/flowcontrol/retry_after.h"

namespace apiserver {
namespace {

namespace flow = api::flowcontrol_apiserver_k8s_io_v1;

constexpr int64_t kPlanNs = 1'000'000'000;           // how old a plan may be
constexpr auto kWaitMax = std::chrono::seconds(15);  // a quarter of a request's time, as upstream

double seconds(int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

int shares_of(const flow::PriorityLevelConfiguration& level) {
  if (level.spec.limited) return level.spec.limited->nominal_concurrency_shares.value_or(30);
  return level.spec.exempt ? level.spec.exempt->nominal_concurrency_shares.value_or(0) : 0;
}

int percent_of(int seats, int percent) {
  return static_cast<int>(std::lround(seats * percent / 100.0));
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
  struct Schema {
    flow::FlowSchema spec;
    const Limits* level = nullptr;  // of this plan
    FlowCounts counts;
  };
  std::map<std::string, Limits, std::less<>> levels;
  std::vector<Schema> schemas;  // by precedence; those whose level is not there are left out
};

struct FlowControl::Level {
  explicit Level(const Plan::Limits& limits) : limits(limits), queue(limits.queue) {}
  Plan::Limits limits;
  FairQueue queue;
  bool quiescing = false;
  std::list<Request*> seated;
  RetryAfter retry_after;
  uint64_t dispatched = 0;
  uint64_t rejected = 0;
  uint64_t timed_out = 0;
  uint64_t cancelled = 0;
};

// One request at its level. Waits for its seats on its own loop.
struct FlowControl::Request final : Waiter {
  Request(std::shared_ptr<const Plan> of, const Plan::Schema& schema, AuthorizationAttributes attributes)
      : plan(std::move(of)), schema(schema), asked(std::move(attributes)), loop(io::Loop::current()) {}
  const std::string& level_name() const { return schema.spec.spec.priority_level_configuration.name; }

  const std::shared_ptr<const Plan> plan;  // the schema's
  const Plan::Schema& schema;
  const AuthorizationAttributes asked;
  int64_t afterwards_ns = 0;
  io::Loop& loop;
  io::Event ready;         // on that loop
  Level* level = nullptr;  // stays while anybody waits or sits there
  int64_t arrived_ns = 0;  // monotonic
  int64_t arrived_wall_ns = 0;
  // Guarded by the control's lock.
  int64_t started_ns = 0;  // monotonic; 0: it has no seats
  int64_t due_ns = 0;      // monotonic; when its seats are free, once it has been answered
  std::list<Request*>::iterator place;
};

// Whoever is destroyed before he could take his seats has left.
struct FlowControl::Applicant {
  ~Applicant() {
    if (taken) return;
    {
      base::Lock lock(control.mutex_);
      if (request->level->queue.leave(request)) {
        ++request->level->cancelled;
        control.refuse(*request, "cancelled");
        return;
      }
    }
    control.finish(request);
  }
  FlowControl& control;
  std::shared_ptr<Request> request;
  bool taken = false;  // the seats are somebody else's to give back, or there are none
};

FlowControl::Seat::Seat() = default;
FlowControl::Seat::Seat(FlowControl& control, std::shared_ptr<Request> request)
    : control_(&control), request_(std::move(request)) {}
FlowControl::Seat::Seat(Seat&& other) noexcept = default;
FlowControl::Seat& FlowControl::Seat::operator=(Seat&& other) noexcept {
  std::swap(control_, other.control_);
  std::swap(request_, other.request_);
  return *this;
}
FlowControl::Seat::~Seat() {
  release();
}
void FlowControl::Seat::release() {
  if (auto request = std::exchange(request_, nullptr)) control_->finish(std::move(request));
}

FlowControl::FlowControl(const Reader& reader, const base::Clock& clock, int seats, base::Metrics& metrics)
    : reader_(reader), clock_(clock), seats_(seats), metrics_(metrics) {}
FlowControl::~FlowControl() = default;

io::Task<base::Result<std::shared_ptr<const FlowControl::Plan>>> FlowControl::plan() {
  int64_t now = clock_.monotonic_ns();
  {
    base::Lock lock(mutex_);
    if (plan_ != nullptr && now < plan_until_ns_) co_return plan_;
  }
  auto fresh = std::make_shared<Plan>();
  CO_TRY(auto schemas, co_await reader_.list<flow::FlowSchema>(""));
  CO_TRY(auto levels, co_await reader_.list<flow::PriorityLevelConfiguration>(""));
  std::sort(schemas.begin(), schemas.end(), [](const auto& a, const auto& b) {
    if (a.spec.matching_precedence != b.spec.matching_precedence)
      return a.spec.matching_precedence < b.spec.matching_precedence;
    return a.metadata.name < b.metadata.name;
  });
  double all = 0;
  for (const auto& level : levels) all += shares_of(level);
  for (const auto& level : levels) {
    Plan::Limits limits;
    limits.uid = level.metadata.uid;
    limits.exempt = level.spec.type == "Exempt" || !level.spec.limited;
    int seats = all > 0 ? static_cast<int>(std::ceil(seats_ * shares_of(level) / all)) : 0;
    limits.queue.seats = seats;
    if (limits.exempt) {
      int lent = level.spec.exempt ? level.spec.exempt->lendable_percent.value_or(0) : 0;
      limits.reserved = seats - percent_of(seats, lent);
    } else {
      const auto& limited = *level.spec.limited;
      limits.reserved = seats - percent_of(seats, limited.lendable_percent.value_or(0));
      if (limited.borrowing_limit_percent) limits.borrowing = percent_of(seats, *limited.borrowing_limit_percent);
      if (limited.limit_response.type == "Queue" && limited.limit_response.queuing) {
        const auto& queuing = *limited.limit_response.queuing;
        limits.queue.queues = static_cast<size_t>(std::max(queuing.queues, 1));
        limits.queue.hand = static_cast<size_t>(std::max(queuing.hand_size, 1));
        limits.queue.length = static_cast<size_t>(std::max(queuing.queue_length_limit, 1));
      }
    }
    fresh->levels.emplace(level.metadata.name, std::move(limits));
  }
  for (auto& schema : schemas) {
    const std::string& name = schema.spec.priority_level_configuration.name;
    auto level = fresh->levels.find(name);
    if (level == fresh->levels.end()) continue;
    auto counts = metrics_.of(schema.metadata.name, name);
    fresh->schemas.push_back({std::move(schema), &level->second, counts});
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
    int nominal = limits.queue.seats;
    metrics_.set_seats(name, {.nominal = nominal,
                              .lower = limits.reserved,
                              .upper = limits.borrowing < 0 ? seats_ : nominal + limits.borrowing});
  }
  // A level that is gone stays until the last has left it.
  for (auto& [name, level] : levels_) level->quiescing = !plan.levels.contains(name);
  std::erase_if(levels_, [](const auto& one) {
    const Level& level = *one.second;
    return level.quiescing && level.queue.seated() == 0 && level.queue.waiting() == 0;
  });
  seat_waiting();
}

int FlowControl::seats_of(const Level& level) const {
  int own = level.limits.queue.seats;
  int taken = level.queue.seated();
  if (taken + kSeatsMax <= own) return own;
  int free = seats_;
  for (const auto& [name, other] : levels_) free -= std::max(other->queue.seated(), other->limits.reserved);
  int most = level.limits.borrowing < 0 ? seats_ : own + level.limits.borrowing;
  return std::max(own, std::min(most, taken + std::max(free, 0)));
}

void FlowControl::start(Request& request) {
  Level& level = *request.level;
  int64_t now_ns = clock_.monotonic_ns();
  request.started_ns = now_ns;
  request.place = level.seated.insert(level.seated.end(), &request);
  ++level.dispatched;
  const auto& counts = request.schema.counts;
  counts.dispatched.add();
  counts.executing.add(1);
  counts.executing_seats.add(request.seats);
  counts.waited.observe(seconds(now_ns - request.arrived_ns));
  if (request.queue >= 0) {
    counts.waiting.add(-1);
    counts.waiting_seats.add(-request.seats);
  }
}

void FlowControl::seat_waiting() {
  for (auto& [name, level] : levels_) {
    while (auto next = level->queue.seat_next(seats_of(*level))) {
      auto request = std::static_pointer_cast<Request>(std::move(next));
      start(*request);
      request->loop.post([request] { request->ready.set(); });
    }
  }
}

void FlowControl::finish(std::shared_ptr<Request> request) {
  int64_t now_ns = clock_.monotonic_ns();
  base::Lock lock(mutex_);
  Level& level = *request->level;
  level.queue.finish(*request);
  level.seated.erase(request->place);
  const auto& counts = request->schema.counts;
  counts.executing.add(-1);
  auto& executed = request->asked.verb == "watch" ? counts.began : counts.executed;
  executed.observe(seconds(now_ns - request->started_ns));
  if (request->afterwards_ns == 0) {
    rise(*request);
  } else {
    request->due_ns = now_ns + request->afterwards_ns;
    late_.push_back(std::move(request));
  }
  rise_late(now_ns);
  seat_waiting();
  stir();
}

void FlowControl::rise(Request& request) {
  request.level->queue.rise(request);
  request.schema.counts.executing_seats.add(-request.seats);
}

void FlowControl::rise_late(int64_t now_ns) {
  for (; !late_.empty() && late_.front()->due_ns <= now_ns; late_.pop_front()) rise(*late_.front());
}

// Nobody need wake up for seats that nobody waits for.
void FlowControl::stir() {
  if (late_.empty() || loop_ == nullptr) return;
  bool somebody_waits =
      std::any_of(levels_.begin(), levels_.end(), [](const auto& one) { return one.second->queue.waiting() > 0; });
  if (somebody_waits) loop_->post([this] { awaited_.set(); });
}

io::Task<void> FlowControl::run() {
  {
    base::Lock lock(mutex_);
    loop_ = &io::Loop::current();
  }
  for (;;) {
    co_await awaited_.wait();
    awaited_.reset();
    int64_t due_ns = 0;
    {
      base::Lock lock(mutex_);
      if (!late_.empty()) due_ns = late_.front()->due_ns;
    }
    int64_t now_ns = clock_.monotonic_ns();
    if (due_ns > now_ns) co_await io::sleep(std::chrono::nanoseconds(due_ns - now_ns));
    base::Lock lock(mutex_);
    rise_late(clock_.monotonic_ns());
    seat_waiting();
    stir();
  }
}

int FlowControl::refuse(Request& request, const char* reason) {
  int64_t now_ns = clock_.monotonic_ns();
  const auto& counts = request.schema.counts;
  if (request.queue >= 0) {
    counts.waiting.add(-1);
    counts.waiting_seats.add(-request.seats);
  }
  counts.gave_up.observe(seconds(now_ns - request.arrived_ns));
  metrics_.count_rejected(request.schema.spec.metadata.name, request.level_name(), reason);
  return request.level->retry_after.sent_away(now_ns);
}

io::Task<base::Result<FlowControl::Admitted>> FlowControl::enter(AuthorizationAttributes asked, Work work) {
  CO_TRY(auto plan, co_await this->plan());
  Admitted admitted;
  auto schema = std::find_if(plan->schemas.begin(), plan->schemas.end(),
                             [&](const auto& one) { return flow_schema_covers(one.spec, asked); });
  if (schema == plan->schemas.end()) co_return admitted;
  admitted.schema_uid = schema->spec.metadata.uid;
  admitted.level_uid = schema->level->uid;

  auto request = std::make_shared<Request>(plan, *schema, std::move(asked));
  request->seats = work.seats;
  request->afterwards_ns = work.afterwards_ns;
  request->arrived_ns = clock_.monotonic_ns();
  request->arrived_wall_ns = clock_.wall_ns();
  schema->counts.seats.observe(work.seats);
  Applicant applicant{*this, request, true};
  {
    base::Lock lock(mutex_);
    auto at = levels_.find(request->level_name());
    if (at == levels_.end()) co_return admitted;  // the plan is being replaced
    Level& level = *at->second;
    request->level = &level;
    rise_late(request->arrived_ns);
    bool seated = level.limits.exempt;
    if (seated) {
      level.queue.sit_anyway(*request);
    } else {
      seated = level.queue.sit(*request, seats_of(level));
    }
    if (seated) {
      start(*request);
      admitted.seat = Seat(*this, std::move(request));
      co_return admitted;
    }
    if (!level.queue.queue(flow_of(schema->spec, request->asked), request)) {
      ++level.rejected;
      bool queues = level.limits.queue.queues > 0;
      admitted.retry_after_seconds = refuse(*request, queues ? "queue-full" : "concurrency-limit");
      co_return admitted;
    }
    schema->counts.waiting.add(1);
    schema->counts.waiting_seats.add(work.seats);
    schema->counts.queued_by.observe(
        static_cast<double>(level.queue.queues()[static_cast<size_t>(request->queue)].waiters.size()));
    applicant.taken = false;
    // Seats that could not be lent to one who asked for fewer may do now, or a wide one may be first in turn.
    seat_waiting();
    stir();
  }
  bool in_time = co_await io::with_timeout(kWaitMax, request->ready.wait());
  if (!in_time) {
    base::Lock lock(mutex_);
    if (request->level->queue.leave(request)) {
      applicant.taken = true;
      ++request->level->timed_out;
      admitted.retry_after_seconds = refuse(*request, "time-out");
      co_return admitted;
    }
  }
  applicant.taken = true;
  admitted.seat = Seat(*this, std::move(request));
  co_return admitted;
}

std::vector<FlowLevelView> FlowControl::view() const {
  std::vector<FlowLevelView> views;
  base::Lock lock(mutex_);
  for (const auto& [name, level] : levels_) {
    auto& view = views.emplace_back(FlowLevelView{.name = name,
                                                  .quiescing = level->quiescing,
                                                  .waiting = level->queue.waiting(),
                                                  .executing = level->queue.executing(),
                                                  .dispatched = level->dispatched,
                                                  .rejected = level->rejected,
                                                  .timed_out = level->timed_out,
                                                  .cancelled = level->cancelled,
                                                  .queues = {},
                                                  .requests = {}});
    auto show = [&view](const Request& request, int place) {
      int64_t waited_ns = request.started_ns - request.arrived_ns;
      view.requests.push_back({.schema = request.schema.spec.metadata.name,
                               .distinguisher = distinguisher_of(request.schema.spec, request.asked),
                               .queue = request.queue,
                               .place = place,
                               .seats = request.seats,
                               .arrived_ns = request.arrived_wall_ns,
                               .started_ns = request.started_ns == 0 ? 0 : request.arrived_wall_ns + waited_ns,
                               .asked = request.asked});
    };
    for (const auto* request : level->seated) show(*request, -1);
    for (const auto& queue : level->queue.queues()) {
      auto& shown = view.queues.emplace_back(FlowQueueView{.waiting = queue.waiters.size(),
                                                           .executing = queue.executing,
                                                           .seats_in_use = queue.seats,
                                                           .next_start = queue.start});
      int place = 0;
      for (const auto& waiter : queue.waiters) {
        shown.seats_wanted += waiter->seats;
        show(static_cast<const Request&>(*waiter), place++);
      }
    }
  }
  return views;
}

}  // namespace apiserver
