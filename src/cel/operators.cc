#include "cel/operators.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "cel/equality.h"
#include "cel/function.h"
#include "cel/scalar.h"
#include "cel/source.h"

namespace cel {
namespace {

Value integer_overflow() {
  return Value::error("integer overflow");
}
Value unsigned_overflow() {
  return Value::error("unsigned integer overflow");
}
Value timestamp_overflow() {
  return Value::error("timestamp overflow");
}
Value duration_overflow() {
  return Value::error("duration overflow");
}

Value in_range(base::Time time) {
  if (time.seconds < kMinTimestamp || time.seconds > kMaxTimestamp) return timestamp_overflow();
  return Value::of_timestamp(time);
}

Value moved(base::Time time, int64_t ns) {
  __int128 total = static_cast<__int128>(time.seconds) * 1'000'000'000 + time.nanos + ns;
  __int128 seconds = total / 1'000'000'000;
  auto nanos = static_cast<int32_t>(total % 1'000'000'000);
  if (nanos < 0) {
    nanos += 1'000'000'000;
    --seconds;
  }
  if (seconds < INT64_MIN / 2 || seconds > INT64_MAX / 2) return timestamp_overflow();
  return in_range({static_cast<int64_t>(seconds), nanos});
}

Value joined(const Value& a, const Value& b) {
  std::vector<Value> elements;
  if (a.list_kind() == ListKind::Atomic) {
    elements.reserve(a.list_size() + b.list_size());
    for (size_t i = 0; i < a.list_size(); ++i) elements.push_back(a.list_at(i));
    for (size_t i = 0; i < b.list_size(); ++i) elements.push_back(b.list_at(i));
    return Value::of_list(std::move(elements));
  }
  // Sets are united; in lists of type map the right side's elements take the place of those with the same keys.
  ListIndex merged(a);
  for (size_t i = 0; i < b.list_size(); ++i) {
    Value element = b.list_at(i);
    std::optional<size_t> place = merged.find(element);
    if (!place) {
      merged.add(std::move(element));
    } else if (a.list_kind() == ListKind::Map) {
      merged.replace(*place, std::move(element));
    }
  }
  return Value::of_list(std::move(merged).take(), a);
}

bool is_whole(double value) {
  return value == std::trunc(value);
}

}  // namespace

Value add(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::Int: {
      int64_t sum;
      if (b.kind() != Kind::Int) break;
      return __builtin_add_overflow(a.as_int(), b.as_int(), &sum) ? integer_overflow() : Value::of_int(sum);
    }
    case Kind::Uint: {
      uint64_t sum;
      if (b.kind() != Kind::Uint) break;
      return __builtin_add_overflow(a.as_uint(), b.as_uint(), &sum) ? unsigned_overflow() : Value::of_uint(sum);
    }
    case Kind::Double:
      if (b.kind() != Kind::Double) break;
      return Value::of_double(a.as_double() + b.as_double());
    case Kind::String:
      if (b.kind() != Kind::String) break;
      return Value::of_string(base::cat({a.as_string(), b.as_string()}));
    case Kind::Bytes:
      if (b.kind() != Kind::Bytes) break;
      return Value::of_bytes(base::cat({a.as_string(), b.as_string()}));
    case Kind::List:
      if (b.kind() != Kind::List) break;
      return joined(a, b);
    case Kind::Timestamp:
      if (b.kind() != Kind::Duration) break;
      return moved(a.as_timestamp(), b.as_duration_ns());
    case Kind::Duration: {
      if (b.kind() == Kind::Timestamp) return moved(b.as_timestamp(), a.as_duration_ns());
      if (b.kind() != Kind::Duration) break;
      int64_t sum;
      if (__builtin_add_overflow(a.as_duration_ns(), b.as_duration_ns(), &sum)) return duration_overflow();
      return Value::of_duration(sum);
    }
    default:
      return Value::error("no such overload: _+_");
  }
  return no_such_overload();
}

Value subtract(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::Int: {
      int64_t difference;
      if (b.kind() != Kind::Int) break;
      if (__builtin_sub_overflow(a.as_int(), b.as_int(), &difference)) return integer_overflow();
      return Value::of_int(difference);
    }
    case Kind::Uint: {
      uint64_t difference;
      if (b.kind() != Kind::Uint) break;
      if (__builtin_sub_overflow(a.as_uint(), b.as_uint(), &difference)) return unsigned_overflow();
      return Value::of_uint(difference);
    }
    case Kind::Double:
      if (b.kind() != Kind::Double) break;
      return Value::of_double(a.as_double() - b.as_double());
    case Kind::Timestamp: {
      base::Time left = a.as_timestamp();
      if (b.kind() == Kind::Duration) {
        if (b.as_duration_ns() == INT64_MIN) return timestamp_overflow();
        return moved(left, -b.as_duration_ns());
      }
      if (b.kind() != Kind::Timestamp) break;
      base::Time right = b.as_timestamp();
      __int128 ns = (static_cast<__int128>(left.seconds) - right.seconds) * 1'000'000'000 + left.nanos - right.nanos;
      if (ns > INT64_MAX || ns < INT64_MIN) return duration_overflow();
      return Value::of_duration(static_cast<int64_t>(ns));
    }
    case Kind::Duration: {
      int64_t difference;
      if (b.kind() != Kind::Duration) break;
      if (__builtin_sub_overflow(a.as_duration_ns(), b.as_duration_ns(), &difference)) return duration_overflow();
      return Value::of_duration(difference);
    }
    default:
      return Value::error("no such overload: _-_");
  }
  return no_such_overload();
}

Value multiply(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::Int: {
      int64_t product;
      if (b.kind() != Kind::Int) break;
      return __builtin_mul_overflow(a.as_int(), b.as_int(), &product) ? integer_overflow() : Value::of_int(product);
    }
    case Kind::Uint: {
      uint64_t product;
      if (b.kind() != Kind::Uint) break;
      return __builtin_mul_overflow(a.as_uint(), b.as_uint(), &product) ? unsigned_overflow() : Value::of_uint(product);
    }
    case Kind::Double:
      if (b.kind() != Kind::Double) break;
      return Value::of_double(a.as_double() * b.as_double());
    default:
      return Value::error("no such overload: _*_");
  }
  return no_such_overload();
}

Value divide(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::Int:
      if (b.kind() != Kind::Int) break;
      if (b.as_int() == 0) return Value::error("division by zero");
      if (a.as_int() == INT64_MIN && b.as_int() == -1) return integer_overflow();
      return Value::of_int(a.as_int() / b.as_int());
    case Kind::Uint:
      if (b.kind() != Kind::Uint) break;
      if (b.as_uint() == 0) return Value::error("division by zero");
      return Value::of_uint(a.as_uint() / b.as_uint());
    case Kind::Double:
      if (b.kind() != Kind::Double) break;
      return Value::of_double(a.as_double() / b.as_double());
    default:
      return Value::error("no such overload: _/_");
  }
  return no_such_overload();
}

Value modulo(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::Int:
      if (b.kind() != Kind::Int) break;
      if (b.as_int() == 0) return Value::error("modulus by zero");
      if (a.as_int() == INT64_MIN && b.as_int() == -1) return integer_overflow();
      return Value::of_int(a.as_int() % b.as_int());
    case Kind::Uint:
      if (b.kind() != Kind::Uint) break;
      if (b.as_uint() == 0) return Value::error("modulus by zero");
      return Value::of_uint(a.as_uint() % b.as_uint());
    default:
      return Value::error("no such overload: _%_");
  }
  return no_such_overload();
}

Value negate(const Value& a) {
  switch (a.kind()) {
    case Kind::Int:
      return a.as_int() == INT64_MIN ? integer_overflow() : Value::of_int(-a.as_int());
    case Kind::Double:
      return Value::of_double(-a.as_double());
    case Kind::Duration:
      return a.as_duration_ns() == INT64_MIN ? duration_overflow() : Value::of_duration(-a.as_duration_ns());
    default:
      return Value::error("no such overload: -_");
  }
}

Value is_in(const Value& element, const Value& container) {
  switch (container.kind()) {
    case Kind::List: {
      for (size_t i = 0; i < container.list_size(); ++i) {
        if (equal(container.list_at(i), element)) return Value::of_bool(true);
      }
      return Value::of_bool(false);
    }
    case Kind::Map:
      return Value::of_bool(container.map_find(element).has_value());
    case Kind::Object:
      if (element.kind() != Kind::String) return no_such_overload();
      return Value::of_bool(container.field(element.as_string()).has_value());
    default:
      return no_such_overload();
  }
}

Value size_of(const Value& a) {
  switch (a.kind()) {
    case Kind::String:
    case Kind::Bytes:
    case Kind::List:
    case Kind::Map:
      return Value::of_int(static_cast<int64_t>(size_or_one(a)));
    default:
      return Value::error("no such overload: size");
  }
}

uint64_t size_or_one(const Value& a) {
  switch (a.kind()) {
    case Kind::String:
      return count_utf8(a.as_string());
    case Kind::Bytes:
      return a.as_string().size();
    case Kind::List:
      return a.list_size();
    case Kind::Map:
      return a.map_size();
    case Kind::Object:
      return a.field_count();
    default:
      return 1;
  }
}

std::string text_of_key(const Value& key) {
  switch (key.kind()) {
    case Kind::String:
      return std::string(key.as_string());
    case Kind::Int:
      return std::to_string(key.as_int());
    case Kind::Uint:
      return std::to_string(key.as_uint());
    case Kind::Bool:
      return key.as_bool() ? "true" : "false";
    case Kind::Double:
      return text_of_double(key.as_double());
    case Kind::Null:
      return "NULL_VALUE";
    default:
      return std::string(key.type_name());
  }
}

Value no_such_key(const Value& key) {
  return Value::error("no such key: " + text_of_key(key));
}

Value index(const Value& a, const Value& key) {
  switch (a.kind()) {
    case Kind::List: {
      int64_t at;
      if (key.kind() == Kind::Int) {
        at = key.as_int();
      } else if (key.kind() == Kind::Uint && key.as_uint() <= INT64_MAX) {
        at = static_cast<int64_t>(key.as_uint());
      } else if (key.kind() == Kind::Double && is_whole(key.as_double()) && std::abs(key.as_double()) < 9e18) {
        at = static_cast<int64_t>(key.as_double());
      } else {
        return Value::error(base::cat({"unsupported index type '", key.type_name(), "' in list"}));
      }
      if (at < 0 || static_cast<uint64_t>(at) >= a.list_size())
        return Value::error("index out of bounds: " + std::to_string(at));
      return a.list_at(static_cast<size_t>(at));
    }
    case Kind::Map: {
      std::optional<Value> found = a.map_find(key);
      return found ? std::move(*found) : no_such_key(key);
    }
    case Kind::Object: {
      if (key.kind() != Kind::String) return no_such_overload();
      return select(a, key.as_string());
    }
    default:
      return no_such_key(key);
  }
}

Value select(const Value& a, std::string_view field) {
  if (a.is_optional()) {
    const Value* inner = a.optional_value();
    if (inner == nullptr) return Value::of_optional(std::nullopt);
    std::optional<Value> found = inner->field(field);
    if (found && found->is_error()) return *found;
    return Value::of_optional(std::move(found));
  }
  std::optional<Value> found = a.field(field);
  return found ? std::move(*found) : Value::error(base::cat({"no such key: ", field}));
}

Value has_field(const Value& a, std::string_view field) {
  if (a.is_optional()) {
    const Value* inner = a.optional_value();
    return Value::of_bool(inner != nullptr && inner->field(field).has_value());
  }
  // What has no fields has not this one.
  return Value::of_bool(a.field(field).has_value());
}

}  // namespace cel
