#include "apiserver/registry/validation/report.h"

#include <algorithm>

#include "base/json.h"

namespace apiserver {

using schema::BadValue;
using schema::FieldError;
using schema::FieldPath;

FieldPath Place::path() const {
  if (parent_ == nullptr) return FieldPath(name_);
  FieldPath above = parent_->path();
  switch (kind_) {
    case Kind::Name:
      return above.child(name_);
    case Kind::Index:
      return above.index(index_);
    case Kind::Key:
      return above.key(name_);
  }
  return above;
}

void Report::required(const Place& at, std::string_view detail) {
  errors_.push_back(FieldError::required(at.path(), detail));
}
void Report::invalid(const Place& at, const BadValue& value, std::string_view detail) {
  errors_.push_back(FieldError::invalid(at.path(), value, detail));
}
void Report::duplicate(const Place& at, const BadValue& value, std::string_view detail) {
  errors_.push_back(FieldError::duplicate(at.path(), value));
  errors_.back().detail = detail;
}
void Report::forbidden(const Place& at, std::string_view detail) {
  errors_.push_back(FieldError::forbidden(at.path(), detail));
}
void Report::not_found(const Place& at, const BadValue& value, std::string_view detail) {
  errors_.push_back(FieldError::not_found(at.path(), value));
  errors_.back().detail = detail;
}
void Report::not_supported(const Place& at, const BadValue& value, Supported supported) {
  errors_.push_back(
      FieldError::not_supported(at.path(), value, std::vector<std::string>(supported.begin(), supported.end())));
}
void Report::too_long(const Place& at, size_t max_bytes) {
  errors_.push_back(FieldError::too_long(at.path(), max_bytes));
}
void Report::too_many(const Place& at, size_t actual, size_t max) {
  errors_.push_back(FieldError::too_many(at.path(), actual, max));
}
void Report::internal(const Place& at, std::string_view problem) {
  errors_.push_back(FieldError::internal(at.path(), problem));
}

void Report::problems(const Place& at, std::string_view value, const schema::Problems& problems) {
  for (const auto& problem : problems) invalid(at, value, problem);
}
void Report::problems(const Place& at, int64_t value, const schema::Problems& problems) {
  for (const auto& problem : problems) invalid(at, value, problem);
}

void Report::one_of(const Place& at, std::string_view value, Supported supported) {
  if (!is_one_of(value, supported)) not_supported(at, value, supported);
}
void Report::required_one_of(const Place& at, std::string_view value, Supported supported) {
  if (value.empty()) {
    required(at);
  } else {
    one_of(at, value, supported);
  }
}

void Report::not_negative(const Place& at, int64_t value) {
  if (value < 0) invalid(at, value, kNotNegative);
}
void Report::not_negative(const Place& at, const std::optional<int32_t>& value) {
  if (value) not_negative(at, int64_t{*value});
}
void Report::not_negative(const Place& at, const std::optional<int64_t>& value) {
  if (value) not_negative(at, *value);
}
void Report::immutable_unless(bool same, const Place& at, const BadValue& value) {
  if (!same) invalid(at, value, kImmutable);
}

bool is_one_of(std::string_view value, Supported supported) {
  return std::ranges::find(supported, value) != supported.end();
}

BadValue bad_value(const std::optional<std::string>& value) {
  return value ? BadValue(*value) : BadValue();
}
BadValue bad_value(const std::optional<int32_t>& value) {
  return value ? BadValue(*value) : BadValue();
}
BadValue bad_value(const std::optional<int64_t>& value) {
  return value ? BadValue(*value) : BadValue();
}
BadValue bad_value(const std::optional<bool>& value) {
  return value ? BadValue(*value) : BadValue();
}

BadValue bad_value(const std::vector<std::string>& values) {
  std::string shown = "[";
  for (const auto& value : values) {
    if (shown.size() > 1) shown += ',';
    base::append_json_string(shown, value);
  }
  return BadValue::json(shown + "]");
}

BadValue bad_value(const std::map<std::string, std::string, std::less<>>& values, bool given) {
  if (!given) return BadValue();
  std::string shown = "{";
  for (const auto& [key, value] : values) {
    if (shown.size() > 1) shown += ',';
    base::append_json_string(shown, key);
    shown += ':';
    base::append_json_string(shown, value);
  }
  return BadValue::json(shown + "}");
}

}  // namespace apiserver
