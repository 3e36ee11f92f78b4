// A small JSON tree: the form of an object in patches, apply, CEL and custom resources. A value in the C++ sense:
// copying copies the tree. Objects keep the order in which keys were added.
//
//   TRY(schema::Value pod, schema::Value::parse(text));
//   if (const Value* name = pod.at({"metadata", "name"}); name && name->is_string()) use(name->as_string());
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace schema {

class Value;
struct Member;  // of an object: key and value

// Keys and their values, each key once, in order of their coming. Looking one up is linear when there are few and
// hashed when there are many. Reading from several threads is safe while nobody writes.
class Members {
 public:
  Members();
  Members(std::initializer_list<Member> members);  // a later one replaces an earlier of the same key
  Members(const Members& other);
  Members(Members&& other) noexcept;
  Members& operator=(const Members& other);
  Members& operator=(Members&& other) noexcept;
  ~Members();

  size_t size() const;
  bool empty() const { return size() == 0; }
  Value* find(std::string_view key);  // null when absent
  const Value* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  // The value of `key`; a new null at the end when there was none.
  Value& operator[](std::string_view key);
  Value& set(std::string_view key, Value value);
  bool erase(std::string_view key);  // whether it was there
  void clear();
  void sort();  // by key

  // Values may be changed through these, keys must not.
  Member* begin();
  Member* end();
  const Member* begin() const;
  const Member* end() const;

  bool operator==(const Members& other) const;  // in any order

 private:
  struct Index;
  size_t position(std::string_view key) const;  // size() when absent
  void ensure_index();

  std::vector<Member> members_;
  std::unique_ptr<Index> index_;  // of a large object; absent after a removal, until the next change
};

class Value {
 public:
  using Array = std::vector<Value>;
  using Object = Members;
  enum class Kind : uint8_t { Null, Bool, Int, Double, String, Array, Object };

  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool value) : content_(value) {}
  Value(int value) : content_(int64_t{value}) {}
  Value(int64_t value) : content_(value) {}
  Value(double value) : content_(Real{.value = value}) {}
  Value(std::string value) : content_(std::move(value)) {}
  Value(std::string_view value) : content_(std::string(value)) {}
  Value(const char* value) : content_(std::string(value)) {}
  Value(Array value) : content_(std::move(value)) {}
  Value(Object value) : content_(std::move(value)) {}
  static Value array(std::initializer_list<Value> elements = {}) { return Value(Array(elements)); }
  static Value object(std::initializer_list<Member> members = {});

  // JSON text; BadRequest in Go's words. Numbers without fraction and exponent that fit 64 bits are Int. A key met
  // again replaces what it had. With `duplicates`, the paths of such keys are appended there ("metadata.labels.x",
  // "a[2].b").
  static base::Result<Value> parse(std::string_view json, std::vector<std::string>* duplicates = nullptr);
  // The same, but numbers that are no Int are written again as they were read: "3.0", "1e1". What merge patches carry
  // is read as it stands.
  static base::Result<Value> parse_as_written(std::string_view json);
  // The same for one value in a text that is being read; complaints stay in the reader.
  static Value read(base::JsonReader& reader, std::vector<std::string>* duplicates = nullptr);

  std::string to_json() const;  // compact
  void append_json(std::string& out) const;
  // As Go's fmt prints a decoded object, keys sorted: "map[a:1 b:[x y]]". What some of upstream's messages quote.
  std::string to_go_string() const;

  Kind kind() const { return static_cast<Kind>(content_.index()); }
  // "null", "bool", "number", "string", "array", "object", as in Go's complaints.
  std::string_view kind_name() const;
  bool is_null() const { return kind() == Kind::Null; }
  bool is_bool() const { return kind() == Kind::Bool; }
  bool is_int() const { return kind() == Kind::Int; }
  bool is_double() const { return kind() == Kind::Double; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return kind() == Kind::String; }
  bool is_array() const { return kind() == Kind::Array; }
  bool is_object() const { return kind() == Kind::Object; }

  // Only of that kind.
  bool as_bool() const { return *std::get_if<bool>(&content_); }
  int64_t as_int() const { return *std::get_if<int64_t>(&content_); }
  double as_double() const { return is_int() ? static_cast<double>(as_int()) : std::get_if<Real>(&content_)->value; }
  const std::string& as_string() const { return *std::get_if<std::string>(&content_); }
  std::string& as_string() { return *std::get_if<std::string>(&content_); }
  const Array& as_array() const { return *std::get_if<Array>(&content_); }
  Array& as_array() { return *std::get_if<Array>(&content_); }
  const Object& as_object() const { return *std::get_if<Object>(&content_); }
  Object& as_object() { return *std::get_if<Object>(&content_); }

  // The member `key` when this is an object that has one, else null.
  Value* find(std::string_view key) { return is_object() ? as_object().find(key) : nullptr; }
  const Value* find(std::string_view key) const { return is_object() ? as_object().find(key) : nullptr; }
  // Down a path of keys.
  const Value* at(std::initializer_list<std::string_view> path) const;
  Value* at(std::initializer_list<std::string_view> path);
  // The text down a path of keys, "" when there is none.
  std::string_view text_at(std::initializer_list<std::string_view> path) const;
  // The object down a path of keys, made where it is missing or is something else.
  Object& ensure_object(std::initializer_list<std::string_view> path);

  // Deep. The order of keys does not matter; 1 and 1.0 differ, as they do in Go's decoded trees.
  bool operator==(const Value& other) const { return content_ == other.content_; }

 private:
  // A number and, where it matters, how it was written.
  struct Real {
    double value = 0;
    char text[23] = {};
    uint8_t size = 0;
    bool operator==(const Real& other) const { return value == other.value; }
  };
  friend struct TreeReader;

  std::variant<std::monostate, bool, int64_t, Real, std::string, Array, Object> content_;
};

struct Member {
  std::string key;
  Value value;
  bool operator==(const Member&) const = default;
};

inline Value Value::object(std::initializer_list<Member> members) {
  return Value(Members(members));
}

}  // namespace schema
