#include "base/strings.h"
#include "schema/patch.h"

namespace schema {

void merge(Value& document, const Value& patch) {
  if (!patch.is_object()) {
    document = patch;
    return;
  }
  if (!document.is_object()) document = Value::object();
  for (const Member& member : patch.as_object()) {
    if (member.value.is_null()) {
      document.as_object().erase(member.key);
    } else {
      merge(document.as_object()[member.key], member.value);
    }
  }
}

base::Result<Value> apply_merge_patch(Value document, std::string_view patch) {
  auto parsed = Value::parse_as_written(patch);
  if (!parsed)
    return base::fail(base::Code::BadRequest, base::cat({"error decoding patch: ", parsed.error().message()}));
  if (parsed->is_null()) return base::fail(base::Code::BadRequest, "Invalid JSON Patch");
  if (!parsed->is_object()) {
    return base::fail(base::Code::BadRequest,
                      base::cat({"error decoding patch: json: cannot unmarshal ", parsed->kind_name(),
                                 " into Go value of type map[string]interface {}"}));
  }
  merge(document, *parsed);
  return document;
}

}  // namespace schema
