#include "schema/field_error.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "schema/value.h"

namespace schema {

namespace {

struct TypeTexts {
  std::string_view title;
  std::string_view reason;
  bool shows_value;
};

constexpr TypeTexts kTexts[] = {
    {"Not found", "FieldValueNotFound", true},
    {"Required value", "FieldValueRequired", false},
    {"Duplicate value", "FieldValueDuplicate", true},
    {"Invalid value", "FieldValueInvalid", true},
    {"Unsupported value", "FieldValueNotSupported", true},
    {"Forbidden", "FieldValueForbidden", false},
    {"Too long", "FieldValueTooLong", false},
    {"Too many", "FieldValueTooMany", true},
    {"Internal error", "InternalError", false},
    {"Invalid value", "FieldValueTypeInvalid", true},
};

const TypeTexts& texts(FieldError::Type type) {
  return kTexts[static_cast<size_t>(type)];
}

FieldError make(FieldError::Type type, const FieldPath& path, std::string value, std::string_view detail) {
  return {type, path.to_string(), std::move(value), std::string(detail)};
}

}  // namespace

void FieldPath::append(std::string_view name) {
  if (!text_.empty()) text_ += '.';
  text_ += name;
}

FieldPath FieldPath::index(size_t i) const {
  FieldPath path = *this;
  path.text_ += base::cat({"[", std::to_string(i), "]"});
  return path;
}

FieldPath FieldPath::key(std::string_view key) const {
  FieldPath path = *this;
  path.text_ += base::cat({"[", key, "]"});
  return path;
}

BadValue::BadValue(std::string_view text) : text_(base::quote(text)) {}
BadValue::BadValue(double value) : text_(Value(value).to_json()) {}
BadValue::BadValue(const Value& value) : text_(value.is_string() ? base::quote(value.as_string()) : value.to_json()) {}

BadValue BadValue::json(std::string text) {
  BadValue value;
  value.text_ = std::move(text);
  return value;
}

std::string_view FieldError::reason() const {
  return texts(type).reason;
}

std::string FieldError::body() const {
  std::string out(texts(type).title);
  if (texts(type).shows_value && !bad_value.empty()) out += base::cat({": ", bad_value});
  if (!detail.empty()) out += base::cat({": ", detail});
  return out;
}

std::string FieldError::to_string() const {
  return base::cat({field, ": ", body()});
}

FieldError FieldError::not_found(const FieldPath& path, const BadValue& value) {
  return make(Type::NotFound, path, value.text(), "");
}
FieldError FieldError::required(const FieldPath& path, std::string_view detail) {
  return make(Type::Required, path, "", detail);
}
FieldError FieldError::duplicate(const FieldPath& path, const BadValue& value) {
  return make(Type::Duplicate, path, value.text(), "");
}
FieldError FieldError::invalid(const FieldPath& path, const BadValue& value, std::string_view detail) {
  return make(Type::Invalid, path, value.text(), detail);
}
FieldError FieldError::type_invalid(const FieldPath& path, const BadValue& value, std::string_view detail) {
  return make(Type::TypeInvalid, path, value.text(), detail);
}

FieldError FieldError::not_supported(const FieldPath& path, const BadValue& value,
                                     const std::vector<std::string>& supported) {
  std::string detail;
  for (const std::string& one : supported) {
    detail += detail.empty() ? "supported values: " : ", ";
    detail += base::quote(one);
  }
  return make(Type::NotSupported, path, value.text(), detail);
}

FieldError FieldError::forbidden(const FieldPath& path, std::string_view detail) {
  return make(Type::Forbidden, path, "", detail);
}

FieldError FieldError::too_long(const FieldPath& path, size_t max_bytes) {
  return make(Type::TooLong, path, "", base::cat({"may not be more than ", std::to_string(max_bytes), " bytes"}));
}

FieldError FieldError::too_many(const FieldPath& path, size_t actual, size_t max) {
  return make(Type::TooMany, path, std::to_string(actual),
              base::cat({"must have at most ", std::to_string(max), max == 1 ? " item" : " items"}));
}

FieldError FieldError::internal(const FieldPath& path, std::string_view problem) {
  return make(Type::Internal, path, "", problem);
}

std::string to_string(const FieldErrors& errors) {
  std::vector<std::string> texts;
  for (const FieldError& error : errors) {
    std::string text = error.to_string();
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  if (texts.size() == 1) return texts[0];
  return base::cat({"[", base::join(texts, ", "), "]"});
}

void append(FieldErrors& errors, FieldErrors more) {
  if (errors.empty()) {
    errors = std::move(more);
    return;
  }
  std::move(more.begin(), more.end(), std::back_inserter(errors));
}

void append_invalid(FieldErrors& errors, const FieldPath& path, const BadValue& value,
                    const std::vector<std::string>& messages) {
  for (const std::string& message : messages) errors.push_back(FieldError::invalid(path, value, message));
}

}  // namespace schema
