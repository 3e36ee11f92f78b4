#include "api/core_v1.h"
#include "schema/patch.h"
#include "schema/selector.h"
#include "schema/type.h"

// The text before the first zero byte is an object, the rest a patch of each kind, and a selector.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t end = text.find('\0');
  std::string_view patch = end == text.npos ? text : text.substr(end + 1);
  if (auto selector = schema::LabelSelector::parse(patch)) {
    if (!schema::LabelSelector::parse(selector->to_string())) __builtin_trap();
  }
  if (auto selector = schema::FieldSelector::parse(patch)) {
    if (schema::FieldSelector::parse(selector->to_string()).value() != *selector) __builtin_trap();
  }
  auto object = schema::Value::parse(text.substr(0, end));
  if (!object) return 0;
  (void)schema::apply_merge_patch(*object, patch);
  (void)schema::apply_strategic_patch(schema::type_of<api::core_v1::Pod>(), *object, patch);
  if (auto operations = schema::JsonPatch::parse(patch)) (void)operations->apply(*object);
  return 0;
}
