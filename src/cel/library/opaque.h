// Values that hold one C++ object.
#pragma once

#include <memory>
#include <utility>

#include "cel/value.h"

namespace cel::library {

// T has operator==; kType gives the type's one instance.
template <class T, const TypeRef& (*kType)()>
class Holder final : public OpaqueValue {
 public:
  explicit Holder(T content) : content_(std::move(content)) {}
  const TypeRef& type() const override { return kType(); }
  bool equals(const OpaqueValue& other) const override {
    return content_ == static_cast<const Holder&>(other).content_;
  }
  const T& content() const { return content_; }

  static Value wrap(T content) { return Value::of_opaque(std::make_unique<const Holder>(std::move(content))); }
  // Of a value whose type is kType().
  static const T& in(const Value& value) { return static_cast<const Holder*>(value.as_opaque())->content(); }

 private:
  T content_;
};

}  // namespace cel::library
