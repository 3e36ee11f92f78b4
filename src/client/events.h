// Records events ("Scheduled", "Pulled", "FailedMount") for people: events.v1 objects (core/v1 form), with upstream's
// aggregation (the same event again within 10 minutes counts up by a patch) and its spam filter (a burst of 25 for one
// object, then one in 5 minutes). Best effort: never fails, never blocks the caller; a bounded queue drops the oldest.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"

namespace client {

enum class EventType : uint8_t { Normal, Warning };

class EventRecorder {
 public:
  // `component` as upstream names it: "kubelet", "default-scheduler", "deployment-controller"; `host` for node agents.
  EventRecorder(Client client, base::Clock& clock, base::Random& random, std::string component, std::string host = "");
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;

  void record(const api::core_v1::ObjectReference& about, EventType type, std::string_view reason, std::string message,
              std::map<std::string, std::string, std::less<>> annotations = {});

  // A reference to an object of kind T.
  template <class T>
  static api::core_v1::ObjectReference reference(const T& object) {
    return reference_to(schema::type_of<T>(), object.metadata);
  }
  static api::core_v1::ObjectReference reference_to(const schema::Type& type, const api::meta_v1::ObjectMeta& meta);

  // Sends what is queued, until cancelled. Spawn it once.
  io::Task<void> run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace client
