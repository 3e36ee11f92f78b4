#include "schema/convert.h"

#include <cstdlib>

namespace schema {

Value to_value(const Object& object) {
  return to_value(object.type(), object.data());
}

Value to_value(const Type& type, const void* object, WithTypeMeta type_meta) {
  std::string json;
  append_json(json, type, object, type_meta);
  auto value = Value::parse(json);
  if (!value) abort();  // we wrote it
  return *std::move(value);
}

base::Result<Object> from_value(const Type& type, const Value& value, std::vector<std::string>* strict_errors) {
  return decode_json(type, value.to_json(), strict_errors);
}

}  // namespace schema
