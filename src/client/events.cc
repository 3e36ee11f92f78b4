#include "client/events.h"

#include <deque>

#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/event_correlator.h"
#include "client/status.h"
#include "io/loop.h"

namespace client {
namespace {

using api::core_v1::Event;
using base::Code;

constexpr size_t kQueueMax = 1000;
constexpr int kTries = 12;
constexpr io::Duration kRetryAfter = std::chrono::seconds(10);

}  // namespace

struct EventRecorder::State {
  State(Client client, base::Clock& clock, base::Random& random, std::string component, std::string host)
      : client(std::move(client)),
        clock(clock),
        random(random),
        component(std::move(component)),
        host(std::move(host)) {}

  io::Task<base::Result<void>> send(EventCorrelator::Outcome outcome);

  Client client;
  base::Clock& clock;
  base::Random& random;
  std::string component;
  std::string host;
  EventCorrelator correlator;
  std::deque<Event> queue;
  io::Event filled;
};

EventRecorder::EventRecorder(Client client, base::Clock& clock, base::Random& random, std::string component,
                             std::string host)
    : state_(std::make_unique<State>(std::move(client), clock, random, std::move(component), std::move(host))) {}
EventRecorder::~EventRecorder() = default;

api::core_v1::ObjectReference EventRecorder::reference_to(const schema::Type& type,
                                                          const api::meta_v1::ObjectMeta& meta) {
  api::core_v1::ObjectReference reference;
  reference.kind = type.name;
  reference.api_version = type.api_version();
  reference.namespace_ = meta.namespace_;
  reference.name = meta.name;
  reference.uid = meta.uid;
  reference.resource_version = meta.resource_version;
  return reference;
}

void EventRecorder::record(const api::core_v1::ObjectReference& about, EventType type, std::string_view reason,
                           std::string message, std::map<std::string, std::string, std::less<>> annotations) {
  LOG_V(3, "Event occurred", {"object", about.namespace_ + "/" + about.name}, {"kind", about.kind}, {"reason", reason},
        {"message", message});
  Event event;
  event.metadata.namespace_ = about.namespace_.empty() ? "default" : about.namespace_;
  event.metadata.annotations = std::move(annotations);
  event.involved_object = about;
  event.type = type == EventType::Normal ? "Normal" : "Warning";
  event.reason = reason;
  event.message = std::move(message);
  event.source.component = state_->component;
  event.source.host = state_->host;
  event.reporting_component = state_->component;
  event.reporting_instance = state_->host;
  if (state_->queue.size() >= kQueueMax) state_->queue.pop_front();
  state_->queue.push_back(std::move(event));
  state_->filled.set();
}

io::Task<base::Result<void>> EventRecorder::State::send(EventCorrelator::Outcome outcome) {
  Event& event = outcome.event;
  if (outcome.verdict == EventCorrelator::Verdict::Count) {
    std::string patch = base::cat({"{\"count\":", std::to_string(event.count), ",\"lastTimestamp\":\"",
                                   base::format_rfc3339(event.last_timestamp), "\",\"message\":"});
    base::append_json_string(patch, event.message);
    patch += "}";
    auto counted = co_await client.patch<Event>(event.metadata.namespace_, event.metadata.name, PatchType::Strategic,
                                                std::move(patch));
    if (counted) co_return {};
    // Events live for an hour; a counted one may be gone.
    if (counted.error().code() != Code::NotFound) co_return base::fail(counted.error());
    event.count = 1;
    event.first_timestamp = event.last_timestamp;
  }
  auto created = co_await client.create(std::move(event));
  if (!created) co_return base::fail(created.error());
  co_return {};
}

io::Task<void> EventRecorder::run() {
  State& state = *state_;
  for (;;) {
    while (state.queue.empty()) {
      state.filled.reset();
      co_await state.filled.wait();
    }
    Event event = std::move(state.queue.front());
    state.queue.pop_front();
    base::Time now = base::Time::from_ns(state.clock.wall_ns());
    auto outcome = state.correlator.correlate(std::move(event), state.clock.monotonic_ns(), now);
    if (outcome.verdict == EventCorrelator::Verdict::Drop) continue;
    for (int tries = 1;; tries++) {
      auto sent = co_await state.send(outcome);
      if (sent) break;
      Code code = sent.error().code();
      bool worth_another =
          code == Code::Unavailable || code == Code::Timeout || code == Code::TooManyRequests || code == Code::Internal;
      if (!worth_another || tries >= kTries) {
        LOG_V(1, "Event not recorded", {"reason", outcome.event.reason}, {"err", sent.error().message()});
        state.correlator.lost(outcome.key);
        break;
      }
      co_await io::sleep(kRetryAfter);
    }
  }
}

}  // namespace client
