#include "base/json.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/json_complaints.h"

namespace schema {

using base::JsonKind;

base::Result<TypeMeta> read_type_meta(std::string_view json) {
  constexpr std::string_view kContext = "couldn't get version/kind; json parse error";
  TypeMeta type_meta;
  base::JsonReader reader(json);
  JsonKind kind = reader.peek();
  std::string complaint;
  if (kind == JsonKind::Object) {
    std::string_view key, text;
    reader.enter_object();
    while (reader.next_key(key)) {
      // Unlike everywhere else, letter case does not matter here.
      bool is_kind = base::equals_ignoring_case(key, "kind");
      std::string* target = is_kind                                         ? &type_meta.kind
                            : base::equals_ignoring_case(key, "apiVersion") ? &type_meta.api_version
                                                                            : nullptr;
      JsonKind found = reader.peek();
      if (target != nullptr && found == JsonKind::String) {
        if (reader.read_string(text)) target->assign(text);
        continue;
      }
      if (target != nullptr && found != JsonKind::Null && complaint.empty()) {
        complaint = base::cat({"json: cannot unmarshal ", json_kind_name(found), " into Go struct field .",
                               is_kind ? "kind" : "apiVersion", " of type string"});
      }
      reader.skip_value();
    }
  } else {
    if (kind != JsonKind::Null) {
      complaint = base::cat({"json: cannot unmarshal ", json_kind_name(kind),
                             " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                             "Kind string \"json:\\\"kind,omitempty\\\"\" }"});
    }
    reader.skip_value();
  }
  if (auto done = reader.finish(); !done) return base::fail(done.error().with_context(kContext));
  if (!complaint.empty()) return base::fail(base::Code::BadRequest, base::cat({kContext, ": ", complaint}));
  return type_meta;
}

}  // namespace schema
