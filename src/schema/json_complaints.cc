#include "schema/json_complaints.h"

#include <algorithm>

#include "base/strings.h"
#include "schema/go_type.h"

namespace schema {
namespace {

void append_path(const Place* place, std::string& path) {
  if (place == nullptr) return;
  append_path(place->parent, path);
  if (place->field == nullptr && place->key.data() == nullptr) {
    path += '[';
    path += std::to_string(place->index);
    path += ']';
    return;
  }
  if (!path.empty()) path += '.';
  path += place->field != nullptr ? place->field->name() : place->key;
}

}  // namespace

std::string_view json_kind_name(base::JsonKind kind) {
  switch (kind) {
    case base::JsonKind::Bool:
      return "bool";
    case base::JsonKind::Number:
      return "number";
    case base::JsonKind::String:
      return "string";
    case base::JsonKind::Array:
      return "array";
    case base::JsonKind::Object:
      return "object";
    default:
      return "null";
  }
}

std::string Complaints::mismatch(std::string_view found, std::string_view wanted, const Place* place) {
  std::string path;
  const Place* innermost = nullptr;
  for (const Place* step = place; step != nullptr; step = step->parent) {
    if (step->field == nullptr) continue;
    if (innermost == nullptr) innermost = step;
    path = base::cat({go_embedding(*step->owner, *step->field), step->field->name(), path.empty() ? "" : ".", path});
  }
  if (innermost == nullptr) return base::cat({"json: cannot unmarshal ", found, " into Go value of type ", wanted});
  return base::cat({"json: cannot unmarshal ", found, " into Go struct field ", innermost->owner->name, ".", path,
                    " of type ", wanted});
}

void Complaints::complain(std::string message) {
  if (!complaint_) complaint_.emplace(base::Code::BadRequest, std::move(message));
}

void Complaints::give_up(base::Error error) {
  if (!fatal_) fatal_.emplace(std::move(error));
}

void Complaints::strict_error(std::string_view what, const Place& place) {
  if (strict_errors_ == nullptr) return;
  std::string path;
  append_path(&place, path);
  strict_error(what, path);
}

void Complaints::strict_error(std::string_view what, std::string_view path) {
  if (strict_errors_ == nullptr || lenient_ > 0 || fatal_ || strict_errors_->size() >= kMaxStrictErrors) return;
  std::string error = base::cat({what, " field \"", path, "\""});
  if (std::ranges::find(*strict_errors_, error) == strict_errors_->end()) strict_errors_->push_back(std::move(error));
}

base::Result<void> Complaints::result() const {
  if (fatal_) return base::fail(*fatal_);
  if (complaint_) return base::fail(*complaint_);
  return {};
}

}  // namespace schema
