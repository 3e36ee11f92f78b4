// What is wrong with a field, in the words of the API: "spec.replicas: Invalid value: -1: must be greater than or equal
// to 0".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

class Value;

// Where a field is, as the API's messages show it: spec.containers[0].env, metadata.labels[app]. The empty path shows
// as "<nil>".
class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(std::string_view root) : text_(root) {}

  // A field below; several names go down one after another.
  template <class... Names>
  FieldPath child(std::string_view name, Names... more) const {
    FieldPath path = *this;
    path.append(name);
    (path.append(more), ...);
    return path;
  }
  FieldPath index(size_t i) const;            // of a list
  FieldPath key(std::string_view key) const;  // of a map

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  std::string to_string() const { return empty() ? "<nil>" : text_; }

 private:
  void append(std::string_view name);

  std::string text_;
};

// The offending value as a message shows it: text quoted, numbers and truth bare, everything else as JSON.
class BadValue {
 public:
  BadValue() = default;                                                    // null
  BadValue(std::nullptr_t) {}                                              // NOLINT
  BadValue(std::string_view text);                                         // NOLINT
  BadValue(const std::string& text) : BadValue(std::string_view(text)) {}  // NOLINT
  BadValue(const char* text) : BadValue(std::string_view(text)) {}         // NOLINT
  BadValue(bool value) : text_(value ? "true" : "false") {}                // NOLINT
  BadValue(int32_t value) : text_(std::to_string(value)) {}                // NOLINT
  BadValue(int64_t value) : text_(std::to_string(value)) {}                // NOLINT
  BadValue(size_t value) : text_(std::to_string(value)) {}                 // NOLINT
  BadValue(double value);                                                  // NOLINT
  BadValue(const Value& value);                                            // NOLINT
  static BadValue json(std::string text);                                  // shown as it is

  const std::string& text() const { return text_; }

 private:
  std::string text_ = "null";
};

struct FieldError {
  enum class Type : uint8_t {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    Internal,
    TypeInvalid,
  };

  Type type;
  std::string field;
  std::string bad_value;  // as shown; unused where the type says nothing about the value
  std::string detail;

  std::string_view reason() const;  // of the cause in a Status: "FieldValueInvalid"
  std::string body() const;         // the cause's message: `Invalid value: "x": must be y`
  std::string to_string() const;    // field and body
  bool operator==(const FieldError&) const = default;

  static FieldError not_found(const FieldPath& path, const BadValue& value);
  static FieldError required(const FieldPath& path, std::string_view detail = "");
  static FieldError duplicate(const FieldPath& path, const BadValue& value);
  static FieldError invalid(const FieldPath& path, const BadValue& value, std::string_view detail);
  static FieldError type_invalid(const FieldPath& path, const BadValue& value, std::string_view detail);
  // `supported` is shown in the order given.
  static FieldError not_supported(const FieldPath& path, const BadValue& value,
                                  const std::vector<std::string>& supported);
  static FieldError forbidden(const FieldPath& path, std::string_view detail);
  static FieldError too_long(const FieldPath& path, size_t max_bytes);
  static FieldError too_many(const FieldPath& path, size_t actual, size_t max);
  static FieldError internal(const FieldPath& path, std::string_view problem);
};

using FieldErrors = std::vector<FieldError>;

// One as it is, several as "[a, b]", each text once.
std::string to_string(const FieldErrors& errors);
// Takes `more` over to the end of `errors`.
void append(FieldErrors& errors, FieldErrors more);
// Each of the messages as an Invalid of the value: what the format checks of schema/names.h give.
void append_invalid(FieldErrors& errors, const FieldPath& path, const BadValue& value,
                    const std::vector<std::string>& messages);

}  // namespace schema
