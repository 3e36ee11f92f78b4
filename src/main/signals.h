// Signals as something to wait for.
#pragma once

#include <initializer_list>
#include <memory>

#include "io/loop.h"
#include "io/task.h"

namespace navarch {

class Signals {
 public:
  // Of the calling thread and those it starts from then on: without it another thread would die of what is waited for
  // here.
  static void block(std::initializer_list<int> numbers);

  explicit Signals(std::initializer_list<int> numbers);  // blocks them too; on the current loop
  ~Signals();
  Signals(const Signals&) = delete;

  // The next one's number.
  io::Task<int> wait();

 private:
  int fd_;
  int last_ = 0;
  io::Event arrived_;
  std::unique_ptr<io::Watch> watch_;
};

}  // namespace navarch
