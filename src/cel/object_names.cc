#include "cel/object_names.h"

#include "base/strings.h"

namespace cel {
namespace {

base::Result<void> check(const Value& value, const std::string& expected) {
  switch (value.kind()) {
    case Kind::List:
      for (size_t i = 0; i < value.list_size(); ++i) TRY(check(value.list_at(i), expected));
      return {};
    case Kind::Map:
      for (size_t i = 0; i < value.map_size(); ++i) TRY(check(value.map_entry(i).second, expected));
      return {};
    case Kind::Object:
      // What comes from a tree has no name of its own.
      if (!value.type_name().starts_with("Object")) return {};
      if (value.type_name() != expected) {
        return base::fail(base::Code::BadRequest,
                          base::cat({"unexpected type name ", base::quote(value.type_name()), ", expected ",
                                     base::quote(expected), ", which matches field name path from root Object type"}));
      }
      for (size_t i = 0; i < value.field_count(); ++i) {
        auto [name, field] = value.field_at(i);
        TRY(check(field, base::cat({expected, ".", name})));
      }
      return {};
    default:
      return {};
  }
}

}  // namespace

base::Result<void> check_object_names(const Value& object) {
  return check(object, "Object");
}

}  // namespace cel
