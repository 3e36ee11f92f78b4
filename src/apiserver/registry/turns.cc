#include "apiserver/registry/turns.h"

#include <chrono>
#include <memory>

#include "io/loop.h"

namespace apiserver {
namespace {

// How long a line may stand still. A turn lasts as long as a commit, which is milliseconds.
constexpr io::Duration kStandstill = std::chrono::milliseconds(500);

}  // namespace

// A place in line; given up, or passed on, when the waiting flow ends.
class Turns::Place {
 public:
  enum class State : uint8_t { Ours, Moving, Standing };

  Place(Turns& turns, const std::string& key) : turns_(turns), key_(key) {
    base::Lock lock(turns_.mutex_);
    auto [line, is_first] = turns_.lines_.try_emplace(key_);
    at_ = line->second.waiting.insert(line->second.waiting.end(), Waiting{.ticket = nullptr, .is_next = is_first});
    seen_ = line->second.ended;
  }
  Place(const Place&) = delete;
  ~Place() {
    if (left_) return;
    if (leave()) turns_.end(key_);
  }

  // How things stand, and what to wait for next.
  State look(store::TicketRef& ticket) {
    base::Lock lock(turns_.mutex_);
    if (at_->is_next) return State::Ours;
    uint64_t before = std::exchange(seen_, turns_.lines_.at(key_).ended);
    if (ticket != nullptr && before == seen_) return State::Standing;
    ticket = std::make_shared<store::Ticket>();
    at_->ticket = ticket;
    return State::Moving;
  }
  // Out of the line. Whether the turn is ours.
  bool leave() {
    base::Lock lock(turns_.mutex_);
    left_ = true;
    bool is_ours = at_->is_next;
    turns_.lines_.at(key_).waiting.erase(at_);
    return is_ours;
  }

 private:
  Turns& turns_;
  const std::string& key_;
  std::list<Waiting>::iterator at_;
  uint64_t seen_ = 0;
  bool left_ = false;
};

io::Task<Turns::Turn> Turns::take(std::string key) {
  Place place(*this, key);
  store::TicketRef ticket;
  while (place.look(ticket) == Place::State::Moving) {
    io::Timer timer;
    timer.start(kStandstill, [ticket] { ticket->complete(); });
    co_await store::Ticket::wait(ticket);
  }
  if (!place.leave()) co_return Turn();
  co_return Turn(*this, std::move(key));
}

void Turns::end(const std::string& key) {
  store::Wakeups wakeups;
  {
    base::Lock lock(mutex_);
    auto line = lines_.find(key);
    if (line->second.waiting.empty()) {
      lines_.erase(line);
      return;
    }
    ++line->second.ended;
    Waiting& next = line->second.waiting.front();
    next.is_next = true;
    if (next.ticket != nullptr) wakeups.add(next.ticket);
  }
  wakeups.send();
}

}  // namespace apiserver
