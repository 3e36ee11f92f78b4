// An immutable run of bytes, shared by reference: a stored object, an encoded event, a slice of either.
// Copying copies a pointer. Safe to share between threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace base {

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    view_ = *owner;
    owner_ = std::move(owner);
  }
  // A slice `view` of something that `owner` keeps alive.
  Bytes(std::shared_ptr<const void> owner, std::string_view view) : owner_(std::move(owner)), view_(view) {}
  // Text that lives as long as the program.
  static Bytes literal(std::string_view text) { return Bytes(nullptr, text); }

  std::string_view view() const { return view_; }
  size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  Bytes slice(size_t offset, size_t length = std::string_view::npos) const {
    return Bytes(owner_, view_.substr(offset, length));
  }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace base
