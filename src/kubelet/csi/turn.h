// Work on one volume is done one at a time: whoever holds a Turn works on it, others wait. One loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/loop.h"
#include "io/task.h"

namespace kubelet {

class Turn {
 public:
  using Busy = std::map<std::string, std::shared_ptr<io::Event>>;  // by name: set when the turn is over

  explicit Turn(Busy& busy) : busy_(busy) {}  // borrowed; shared by all that work on these volumes
  Turn(const Turn&) = delete;
  ~Turn() {
    if (!event_) return;
    busy_.erase(name_);
    event_->set();
  }

  // Comes back when it is ours.
  io::Task<void> take(std::string name) {
    for (auto found = busy_.find(name); found != busy_.end(); found = busy_.find(name)) {
      auto before = found->second;
      co_await before->wait();
    }
    name_ = std::move(name);
    event_ = busy_[name_] = std::make_shared<io::Event>();
  }

 private:
  Busy& busy_;
  std::string name_;
  std::shared_ptr<io::Event> event_;
};

}  // namespace kubelet
