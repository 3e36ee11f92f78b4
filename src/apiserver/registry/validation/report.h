// How validation says what is wrong and where. Places cost nothing until something is wrong at them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/field_error.h"
#include "schema/given.h"
#include "schema/names.h"

namespace apiserver {

// Where a check looks: a link of a chain of names that becomes a path when it is asked for. It refers to its parent,
// which has to live as long: name a place that others hang on, or use it up within one call.
class Place {
 public:
  explicit Place(std::string_view root) : name_(root) {}
  // A field below; "a.b" goes down twice.
  Place(const Place& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Place(const Place& parent, const char* name) : Place(parent, std::string_view(name)) {}
  Place(const Place& parent, size_t index) : parent_(&parent), index_(index), kind_(Kind::Index) {}
  static Place key(const Place& parent, std::string_view key) { return Place(parent, key, Kind::Key); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  schema::FieldPath path() const;

 private:
  enum class Kind : uint8_t { Name, Index, Key };
  Place(const Place& parent, std::string_view key, Kind kind) : parent_(&parent), name_(key), kind_(kind) {}

  const Place* parent_ = nullptr;
  std::string_view name_;
  size_t index_ = 0;
  Kind kind_ = Kind::Name;
};

using Supported = std::initializer_list<std::string_view>;

// The errors found so far, in order.
class Report {
 public:
  void required(const Place& at, std::string_view detail = "");
  void invalid(const Place& at, const schema::BadValue& value, std::string_view detail);
  void duplicate(const Place& at, const schema::BadValue& value, std::string_view detail = "");
  void forbidden(const Place& at, std::string_view detail);
  void not_found(const Place& at, const schema::BadValue& value, std::string_view detail = "");
  void not_supported(const Place& at, const schema::BadValue& value, Supported supported);
  void too_long(const Place& at, size_t max_bytes);
  void too_many(const Place& at, size_t actual, size_t max);
  void internal(const Place& at, std::string_view problem);
  void add(schema::FieldErrors errors) { schema::append(errors_, std::move(errors)); }

  // Each problem of a text or a number as an Invalid.
  void problems(const Place& at, std::string_view value, const schema::Problems& problems);
  void problems(const Place& at, int64_t value, const schema::Problems& problems);
  // Unsupported unless it is one of these, which are shown in this order.
  void one_of(const Place& at, std::string_view value, Supported supported);
  // The same, but Required when it is empty.
  void required_one_of(const Place& at, std::string_view value, Supported supported);
  void not_negative(const Place& at, int64_t value);
  void not_negative(const Place& at, const std::optional<int32_t>& value);
  void not_negative(const Place& at, const std::optional<int64_t>& value);
  void immutable_unless(bool same, const Place& at, const schema::BadValue& value);

  size_t size() const { return errors_.size(); }
  bool empty() const { return errors_.empty(); }
  schema::FieldErrors take() { return std::move(errors_); }

 private:
  schema::FieldErrors errors_;
};

inline constexpr std::string_view kNotNegative = "must be greater than or equal to 0";
inline constexpr std::string_view kPositive = "must be greater than zero";
inline constexpr std::string_view kImmutable = "field is immutable";

bool is_one_of(std::string_view value, Supported supported);
// Null when absent.
schema::BadValue bad_value(const std::optional<std::string>& value);
schema::BadValue bad_value(const std::optional<int32_t>& value);
schema::BadValue bad_value(const std::optional<int64_t>& value);
schema::BadValue bad_value(const std::optional<bool>& value);
// A list of texts, as JSON.
schema::BadValue bad_value(const std::vector<std::string>& values);
// A map of texts of `object`, as JSON; null when it is absent.
schema::BadValue bad_value(const std::map<std::string, std::string, std::less<>>& values, bool given);
template <class T>
schema::BadValue bad_value(const T& object, const std::map<std::string, std::string, std::less<>>& values) {
  return bad_value(values, schema::is_given(object, values));
}

}  // namespace apiserver
