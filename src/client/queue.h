// Keys that need attention, for the workers of one controller. One loop.
//
// A key is queued once and handed to one worker at a time; added while being worked on, it comes back after done().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "client/key.h"
#include "io/loop.h"
#include "io/task.h"

namespace client {

class Queue {
 public:
  explicit Queue(base::Random& random);  // borrowed: spreads the retries
  ~Queue();
  Queue(const Queue&) = delete;

  // Marks `key` as due, at once or after a while (the earlier of two).
  void add(Key key);
  void add_after(Key key, io::Duration after);
  // Marks it as due after this key's back-off: 5 ms doubled each time up to 1000 s, until forget().
  void add_rate_limited(Key key);
  void forget(const Key& key);

  // Waits for a key. Return each with done().
  io::Task<Key> take();
  void done(const Key& key);

  size_t size() const;  // due and not busy

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs `workers` loops of: take a key, `reconcile` it; an Error means again with back-off, success forgets.
// `name` is for logs and metrics. Never returns; cancel it.
using Reconcile = std::function<io::Task<base::Result<void>>(Key key)>;
io::Task<void> run_workers(std::string name, Queue& queue, int workers, Reconcile reconcile);

}  // namespace client
