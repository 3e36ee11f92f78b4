// A file descriptor that somebody owns.
#pragma once

#include <unistd.h>

#include <utility>

namespace base {

// Closes the descriptor when it goes. A negative number is none, as the system's calls return it.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  // Whoever takes it closes it.
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace base
