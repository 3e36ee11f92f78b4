// A value while an expression is evaluated. 32 bytes; scalars and views cost no allocation. Strings, lists, maps and
// objects may be views into a tree (schema::Value), a declaration or the program, which must then outlive them.
//
//   cel::Value self = cel::Value::of(tree, declaration.get());
//   cel::Value dyn = cel::Value::of(tree);
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cel/declaration.h"
#include "cel/type.h"
#include "schema/value.h"

namespace cel {

class Value;

// What a value may hold on the heap, shared. The content does not change once shared, so any thread may read it.
class Shared {
 public:
  Shared() = default;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  virtual ~Shared() = default;

 private:
  friend class Value;
  mutable std::atomic<uint32_t> references_{0};
};

// What a library brings: URLs, addresses, quantities, the authorizer.
class OpaqueValue : public Shared {
 public:
  virtual const TypeRef& type() const = 0;
  // `other` is of the same type.
  virtual bool equals(const OpaqueValue& other) const { return this == &other; }
};

// An object whose fields are worked out when somebody asks: the variables of a policy. A field's value may be an error.
class LazyObject {
 public:
  virtual ~LazyObject() = default;
  virtual std::string_view type_name() const = 0;
  // Nothing when there is no such field. Called each time; memoize where that is dear.
  virtual std::optional<Value> field(std::string_view name) const = 0;
};

// Why an evaluation failed, beside its text.
enum class Failure : uint8_t {
  Evaluation,  // division by zero, no such key, ...
  CostLimit,   // the budget is used up
};

class Value {
 public:
  Value() = default;  // null
  Value(const Value& other) noexcept
      : kind_(other.kind_), form_(other.form_), shared_(other.shared_), data_(other.data_) {
    retain();
  }
  Value(Value&& other) noexcept
      : kind_(other.kind_), form_(other.form_), shared_(std::exchange(other.shared_, nullptr)), data_(other.data_) {}
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Value() { release(); }

  static Value null() { return {}; }
  static Value of_bool(bool value) {
    Value made(Kind::Bool);
    made.data_.boolean = value;
    return made;
  }
  static Value of_int(int64_t value) { return of_integer(Kind::Int, value); }
  static Value of_uint(uint64_t value) { return of_integer(Kind::Uint, static_cast<int64_t>(value)); }
  static Value of_double(double value) {
    Value made(Kind::Double);
    made.data_.number = value;
    return made;
  }
  static Value of_timestamp(base::Time time) {
    Value made(Kind::Timestamp);
    made.data_.time = {time.seconds, time.nanos};
    return made;
  }
  static Value of_duration(int64_t ns) { return of_integer(Kind::Duration, ns); }
  static Value string_view(std::string_view borrowed) {
    Value made(Kind::String);
    made.data_.text = {borrowed.data(), borrowed.size()};
    return made;
  }
  static Value of_string(std::string value);
  static Value of_bytes(std::string value);
  static Value of_list(std::vector<Value> elements);
  // A list that merges and compares as the list `like` does.
  static Value of_list(std::vector<Value> elements, const Value& like);
  static Value of_map(std::vector<std::pair<Value, Value>> entries);  // each key once
  // A map that gives `absent` for every key that it does not have.
  static Value of_map_or(std::vector<std::pair<Value, Value>> entries, Value absent);
  // An object made by an expression: Object{...}, JSONPatch{...}.
  static Value of_object(std::string type_name, std::vector<std::pair<std::string, Value>> fields);
  static Value of_type(TypeRef type);
  static Value of_optional(std::optional<Value> value);
  static Value of_opaque(std::unique_ptr<const OpaqueValue> value);
  static Value of_lazy(std::shared_ptr<const LazyObject> object);
  static Value error(std::string message, Failure failure = Failure::Evaluation);
  // A tree as the declaration describes it; without one as its JSON reads (int, double, string, bool, null, list(dyn),
  // map(string, dyn)). What does not fit the declaration is an error value. Both are borrowed.
  static Value of(const schema::Value& tree, const Declaration* declaration = nullptr);

  Kind kind() const { return kind_; }
  bool is_error() const { return kind_ == Kind::Error; }
  bool is_true() const { return kind_ == Kind::Bool && data_.boolean; }
  bool is_optional() const;

  // Only of that kind.
  bool as_bool() const { return data_.boolean; }
  int64_t as_int() const { return data_.integer; }
  uint64_t as_uint() const { return static_cast<uint64_t>(data_.integer); }
  double as_double() const { return data_.number; }
  std::string_view as_string() const { return {data_.text.begin, data_.text.size}; }  // String and Bytes
  base::Time as_timestamp() const { return {data_.time.seconds, data_.time.nanos}; }
  int64_t as_duration_ns() const { return data_.integer; }
  TypeRef as_type() const;
  const Value* optional_value() const;   // null when none
  const OpaqueValue* as_opaque() const;  // null when it is another kind of thing
  const std::string& error_message() const;
  Failure failure() const;

  // Lists.
  size_t list_size() const;
  Value list_at(size_t index) const;
  ListKind list_kind() const;
  const std::vector<std::string>& list_keys() const;  // of a list of kind Map
  // Maps: entries in no promised order; nothing for a key that is not there.
  size_t map_size() const;
  std::pair<Value, Value> map_entry(size_t index) const;
  std::optional<Value> map_find(const Value& key) const;
  // Objects, and maps with string keys: the field by its identifier.
  std::optional<Value> field(std::string_view identifier) const;
  size_t field_count() const;  // of objects that can be enumerated
  std::pair<std::string_view, Value> field_at(size_t index) const;

  // A value that refers to the same content without sharing in it; it must not outlive this one.
  Value borrowed() const;

  // Its type at run time; what `type(x)` gives.
  TypeRef type() const;
  std::string_view type_name() const;

  // As JSON: for objects made by expressions, messages and params. Errors for what JSON cannot hold.
  base::Result<schema::Value> to_tree() const;

 private:
  // Where lists, maps and objects keep their content; of Opaque, whether it is an optional.
  enum class Form : uint8_t { Own, Tree, Lazy, Optional };

  explicit Value(Kind kind) : kind_(kind) {}
  static Value of_integer(Kind kind, int64_t value) {
    Value made(kind);
    made.data_.integer = value;
    return made;
  }
  void retain() const {
    if (shared_ != nullptr) shared_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() {
    if (shared_ != nullptr && shared_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared_;
  }
  static Value of_tree(Kind kind, const schema::Value& tree, const Declaration* declaration);
  static Value of_declared(const schema::Value& tree, const Declaration& declaration);
  template <class T>
  const T& content() const {
    return *static_cast<const T*>(shared_);
  }
  void adopt(const Shared* shared) {
    shared_ = shared;
    retain();
  }
  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(form_, other.form_);
    std::swap(shared_, other.shared_);
    std::swap(data_, other.data_);
  }

  Kind kind_ = Kind::Null;
  Form form_ = Form::Own;
  const Shared* shared_ = nullptr;  // counted
  union {
    bool boolean;
    int64_t integer;
    double number;
    struct {
      const char* begin;
      size_t size;
    } text;
    struct {
      int64_t seconds;
      int32_t nanos;
    } time;
    struct {
      const schema::Value* tree;
      const Declaration* declaration;  // may be null
    } view;
  } data_{.view = {nullptr, nullptr}};
};

}  // namespace cel
