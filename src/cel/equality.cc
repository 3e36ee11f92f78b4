#include "cel/equality.h"

#include <cmath>
#include <functional>

namespace cel {
namespace {

std::partial_ordering order_int_double(int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 9223372036854775808.0) return std::partial_ordering::less;
  if (b < -9223372036854775808.0) return std::partial_ordering::greater;
  double whole = std::trunc(b);
  auto order = a <=> static_cast<int64_t>(whole);
  if (order != 0) return order;
  return 0.0 <=> (b - whole);
}
std::partial_ordering order_uint_double(uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 18446744073709551616.0) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  double whole = std::trunc(b);
  auto order = a <=> static_cast<uint64_t>(whole);
  if (order != 0) return order;
  return 0.0 <=> (b - whole);
}
std::partial_ordering reversed(std::partial_ordering order) {
  return 0 <=> order;
}

bool is_number(Kind kind) {
  return kind == Kind::Int || kind == Kind::Uint || kind == Kind::Double;
}

std::partial_ordering order_numbers(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::Int:
      if (b.kind() == Kind::Int) return a.as_int() <=> b.as_int();
      if (b.kind() == Kind::Uint) {
        if (a.as_int() < 0) return std::partial_ordering::less;
        return static_cast<uint64_t>(a.as_int()) <=> b.as_uint();
      }
      return order_int_double(a.as_int(), b.as_double());
    case Kind::Uint:
      if (b.kind() == Kind::Uint) return a.as_uint() <=> b.as_uint();
      if (b.kind() == Kind::Int) return reversed(order_numbers(b, a));
      return order_uint_double(a.as_uint(), b.as_double());
    default:
      if (b.kind() == Kind::Double) return a.as_double() <=> b.as_double();
      return reversed(order_numbers(b, a));
  }
}

bool in_order_equal(const Value& a, const Value& b) {
  for (size_t i = 0; i < a.list_size(); ++i) {
    if (!equal(a.list_at(i), b.list_at(i))) return false;
  }
  return true;
}

// Order does not matter in sets and lists of type map.
bool lists_equal(const Value& a, const Value& b) {
  if (a.list_size() != b.list_size()) return false;
  if (a.list_kind() == ListKind::Atomic) return in_order_equal(a, b);
  ListIndex index(a);
  for (size_t i = 0; i < b.list_size(); ++i) {
    Value wanted = b.list_at(i);
    std::optional<size_t> at = index.find(wanted);
    if (!at || !equal(a.list_at(*at), wanted)) return false;
  }
  return true;
}

bool maps_equal(const Value& a, const Value& b) {
  if (a.map_size() != b.map_size()) return false;
  for (size_t i = 0; i < a.map_size(); ++i) {
    auto [key, value] = a.map_entry(i);
    std::optional<Value> other = b.map_find(key);
    if (!other || !equal(value, *other)) return false;
  }
  return true;
}

bool objects_equal(const Value& a, const Value& b) {
  if (a.type_name() != b.type_name() || a.field_count() != b.field_count()) return false;
  for (size_t i = 0; i < a.field_count(); ++i) {
    auto [name, value] = a.field_at(i);
    bool found = false;
    for (size_t k = 0; k < b.field_count() && !found; ++k) {
      auto [other_name, other] = b.field_at(k);
      if (other_name != name) continue;
      found = true;
      if (!equal(value, other)) return false;
    }
    if (!found) return false;
  }
  return true;
}

// Of scalars, well; of others, all alike.
uint64_t hash_of_element(const Value& value) {
  switch (value.kind()) {
    case Kind::Timestamp:
      return std::hash<int64_t>()(value.as_timestamp().seconds);
    case Kind::Duration:
      return std::hash<int64_t>()(value.as_duration_ns());
    case Kind::Bytes:
      return std::hash<std::string_view>()(value.as_string());
    default:
      return hash_of_key(value);
  }
}

}  // namespace

ListIndex::ListIndex(const Value& like) : kind_(like.list_kind()), keys_(like.list_keys()) {
  for (const std::string& key : keys_) identifiers_.push_back(escape_identifier(key));
  for (size_t i = 0; i < like.list_size(); ++i) add(like.list_at(i));
}

void ListIndex::add(Value element) {
  positions_.emplace(hash(element), elements_.size());
  elements_.push_back(std::move(element));
}

std::optional<size_t> ListIndex::find(const Value& element) const {
  auto [first, last] = positions_.equal_range(hash(element));
  for (; first != last; ++first) {
    if (same(elements_[first->second], element)) return first->second;
  }
  return std::nullopt;
}

std::optional<Value> ListIndex::key_of(const Value& element, size_t key) const {
  return element.field(element.kind() == Kind::Object ? identifiers_[key] : keys_[key]);
}

uint64_t ListIndex::hash(const Value& element) const {
  if (kind_ != ListKind::Map) return hash_of_element(element);
  uint64_t hash = 0;
  for (size_t i = 0; i < keys_.size(); ++i) {
    std::optional<Value> value = key_of(element, i);
    hash = hash * 31 + (value ? hash_of_element(*value) : 7);
  }
  return hash;
}

bool ListIndex::same(const Value& a, const Value& b) const {
  if (kind_ != ListKind::Map) return equal(a, b);
  for (size_t i = 0; i < keys_.size(); ++i) {
    std::optional<Value> left = key_of(a, i);
    std::optional<Value> right = key_of(b, i);
    if (left.has_value() != right.has_value() || (left && !equal(*left, *right))) return false;
  }
  return true;
}

namespace {

// Values nested deeper than this are taken for unequal; no stack is deep enough for all that JSON can hold.
constexpr int kMaxDepth = 1000;
thread_local int depth = 0;
struct Deeper {
  Deeper() { ++depth; }
  ~Deeper() { --depth; }
};

}  // namespace

bool equal(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return is_number(a.kind()) && is_number(b.kind()) && order_numbers(a, b) == 0;
  Deeper deeper;
  if (depth > kMaxDepth) return false;
  switch (a.kind()) {
    case Kind::Null:
      return true;
    case Kind::Bool:
      return a.as_bool() == b.as_bool();
    case Kind::Int:
    case Kind::Uint:
    case Kind::Duration:
      return a.as_int() == b.as_int();
    case Kind::Double:
      return a.as_double() == b.as_double();
    case Kind::String:
    case Kind::Bytes:
      return a.as_string() == b.as_string();
    case Kind::Timestamp:
      return a.as_timestamp() == b.as_timestamp();
    case Kind::List:
      return lists_equal(a, b);
    case Kind::Map:
      return maps_equal(a, b);
    case Kind::Object:
      return objects_equal(a, b);
    case Kind::Type:
      return a.as_type()->runtime_name() == b.as_type()->runtime_name();
    case Kind::Opaque: {
      if (a.is_optional() != b.is_optional()) return false;
      if (a.is_optional()) {
        const Value* left = a.optional_value();
        const Value* right = b.optional_value();
        return left == nullptr || right == nullptr ? left == right : equal(*left, *right);
      }
      return a.type_name() == b.type_name() && a.as_opaque()->equals(*b.as_opaque());
    }
    default:
      return false;
  }
}

std::optional<std::partial_ordering> compare(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return order_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::Bool:
      return a.as_bool() <=> b.as_bool();
    case Kind::String:
    case Kind::Bytes:
      return a.as_string() <=> b.as_string();
    case Kind::Timestamp:
      return a.as_timestamp() <=> b.as_timestamp();
    case Kind::Duration:
      return a.as_duration_ns() <=> b.as_duration_ns();
    default:
      return std::nullopt;
  }
}

uint64_t hash_of_key(const Value& key) {
  switch (key.kind()) {
    case Kind::Bool:
      return key.as_bool() ? 1 : 2;
    case Kind::Int:
    case Kind::Uint:
      return std::hash<int64_t>()(key.as_int());
    case Kind::Double: {
      double value = key.as_double();
      if (value >= -9223372036854775808.0 && value < 9223372036854775808.0)
        return std::hash<int64_t>()(static_cast<int64_t>(value));
      if (value >= 0 && value < 18446744073709551616.0)
        return std::hash<int64_t>()(static_cast<int64_t>(static_cast<uint64_t>(value)));
      return 3;
    }
    case Kind::String:
      return std::hash<std::string_view>()(key.as_string());
    default:
      return 0;
  }
}

}  // namespace cel
