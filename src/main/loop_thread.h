// A named thread with a loop on it, for parts that live there from birth to death.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "io/loop.h"

namespace navarch {

class LoopThread {
 public:
  static base::Result<std::unique_ptr<LoopThread>> start(std::string name);
  ~LoopThread();  // ends the loop; what lived on it must be gone by then
  LoopThread(const LoopThread&) = delete;

  // Runs `work` on the loop and waits until it has returned. Not from the loop itself.
  void run(const std::function<void()>& work);
  io::Loop& loop() { return *loop_; }

 private:
  explicit LoopThread(std::unique_ptr<io::Loop> loop) : loop_(std::move(loop)) {}

  std::unique_ptr<io::Loop> loop_;
  std::thread thread_;
};

}  // namespace navarch
