#include "apiserver/registry/managed_fields_rules.h"

#include <cstdio>

#include "base/strings.h"

namespace apiserver {
namespace {

using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr size_t kFieldManagerBytesMax = 128;
constexpr size_t kSubresourceBytesMax = 256;

}  // namespace

// Go's unicode.IsPrint over ASCII; what is beyond ASCII is taken as printable.
void validate_field_manager(FieldErrors& errors, std::string_view manager, const FieldPath& path) {
  if (manager.size() > kFieldManagerBytesMax) errors.push_back(FieldError::too_long(path, kFieldManagerBytesMax));
  for (size_t i = 0; i < manager.size(); ++i) {
    uint8_t byte = static_cast<uint8_t>(manager[i]);
    if (byte >= 0x20 && byte != 0x7f) continue;
    char code[8];
    snprintf(code, sizeof code, "U+%04X", byte);
    errors.push_back(FieldError::invalid(
        path, manager, base::cat({"invalid character ", code, " (at position ", std::to_string(i), ")"})));
  }
}

void validate_managed_fields(FieldErrors& errors, const std::vector<api::meta_v1::ManagedFieldsEntry>& entries,
                             const FieldPath& path) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    auto at = path.index(i);
    if (entry.operation != "Apply" && entry.operation != "Update") {
      errors.push_back(FieldError::invalid(at.child("operation"), entry.operation, "must be `Apply` or `Update`"));
    }
    if (!entry.fields_type.empty() && entry.fields_type != "FieldsV1") {
      errors.push_back(FieldError::invalid(at.child("fieldsType"), entry.fields_type, "must be `FieldsV1`"));
    }
    validate_field_manager(errors, entry.manager, at.child("manager"));
    if (entry.subresource.size() > kSubresourceBytesMax)
      errors.push_back(FieldError::too_long(at.child("subresource"), kSubresourceBytesMax));
  }
}

}  // namespace apiserver
