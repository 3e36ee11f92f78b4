// What the kinds that keep pods (replica sets, daemon sets, jobs...) all do with them.
#pragma once

#include "api/core_v1.h"
#include "client/client.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/common/pending.h"
#include "controller/common/pods.h"

namespace controller {

// Whenever an object of `cache` changes, its controller of that type, before and after, is put into the queue.
template <class T>
void queue_controllers(client::Cache<T>& cache, const schema::Type& type, client::Queue& queue) {
  cache.add_listener([&type, &queue](const client::Key& key, const T* before, const T* now) {
    for (const T* object : {before, now}) {
      const auto* owner = object == nullptr ? nullptr : controller_of(object->metadata);
      if (owner != nullptr && owner->kind == type.name) queue.add({key.namespace_, owner->name});
    }
  });
}

// Makes and removes pods of an owner, tells of it by the owner's events, and remembers what the caches do not show yet.
// What it is made of outlives it. One loop.
class OwnedPods {
 public:
  OwnedPods(client::Client client, Pending& pending, client::EventRecorder& events)
      : client_(std::move(client)), pending_(pending), events_(events) {}

  // That the namespace is on its way out is no failure: the owner goes with it.
  io::Task<base::Result<void>> create(api::core_v1::ObjectReference owner, api::core_v1::Pod pod);
  // A pod that is gone by now is no failure.
  io::Task<base::Result<void>> remove(api::core_v1::ObjectReference owner, PodPointer pod);

 private:
  client::Client client_;
  Pending& pending_;
  client::EventRecorder& events_;
};

}  // namespace controller
