// Writers of one object take turns, so that each works out the next state once, on the state before, where otherwise
// all but one of them lose the race and begin again. A turn saves work and promises nothing: what is written is decided
// by compare-and-swap. So nobody has to have one, and where a line stands still (a webhook that is asked about a write
// writes the same object itself) those who wait go ahead without. Safe from any loop; outlives the turns.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "io/task.h"
#include "store/ticket.h"

namespace apiserver {

class Turns {
 public:
  // Ends with its destruction; then the next in line has his.
  class Turn {
   public:
    Turn() = default;
    Turn(Turns& turns, std::string key) : turns_(&turns), key_(std::move(key)) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)), key_(std::move(other.key_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end(key_);
    }
    bool is_ours() const { return turns_ != nullptr; }  // false: one goes ahead without

   private:
    Turns* turns_ = nullptr;
    std::string key_;
  };

  Turns() = default;
  Turns(const Turns&) = delete;

  // In order of asking. At once where nobody has a turn.
  io::Task<Turn> take(std::string key);

 private:
  struct Waiting {
    store::TicketRef ticket;  // null: he is about to look
    bool is_next = false;     // the turn is his, though he may not know it yet
  };
  // There is one as long as somebody has a turn.
  struct Line {
    std::list<Waiting> waiting;
    uint64_t ended = 0;  // turns
  };
  class Place;

  void end(const std::string& key) EXCLUDES(mutex_);

  base::Mutex mutex_;
  std::unordered_map<std::string, Line> lines_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
