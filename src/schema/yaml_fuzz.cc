#include "schema/yaml.h"

// Any input is refused, or becomes a value that survives being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto value = schema::parse_yaml(text);
  if (!value) return 0;
  auto again = schema::parse_yaml(schema::to_yaml(*value));
  (void)again;
  (void)schema::split_yaml_documents(text);
  auto json = schema::Value::parse(value->to_json());
  if (!json) __builtin_trap();
  return 0;
}
