// Declarations from the tables of generated structs.

#include <algorithm>

#include "base/strings.h"
#include "cel/declaration.h"

namespace cel {
namespace {

DeclarationRef of_struct(const schema::Type& type, std::vector<const schema::Type*>& above);

DeclarationRef of_element(const schema::Field& field, std::vector<const schema::Type*>& above) {
  switch (field.shape) {
    case schema::Shape::Bool:
      return declare(bool_type());
    case schema::Shape::Int32:
    case schema::Shape::Int64:
    case schema::Shape::UInt32:
    case schema::Shape::UInt64:
    case schema::Shape::Enum:
      return declare(int_type());
    case schema::Shape::Double:
      return declare(double_type());
    case schema::Shape::String:
      return declare(string_type());
    case schema::Shape::Quantity:
      return declare(string_type());
    case schema::Shape::Bytes:
      return declare(bytes_type());
    case schema::Shape::Time:
    case schema::Shape::MicroTime:
      return declare(timestamp_type());
    case schema::Shape::Duration:
      return declare(string_type());
    case schema::Shape::IntOrString: {
      Declaration made = *declare(dyn_type());
      made.int_or_string = true;
      return std::make_shared<const Declaration>(std::move(made));
    }
    case schema::Shape::Raw:
      return declare(dyn_type());
    case schema::Shape::Struct:
      return of_struct(*field.type, above);
  }
  return declare(dyn_type());
}

DeclarationRef of_struct(const schema::Type& type, std::vector<const schema::Type*>& above) {
  // What holds itself is not looked into a second time.
  if (type.form != schema::Form::Fields || std::find(above.begin(), above.end(), &type) != above.end()) {
    return declare(dyn_type());
  }
  above.push_back(&type);
  std::vector<std::pair<std::string, DeclarationRef>> fields;
  if (type.has(schema::Type::Kind)) {
    fields.emplace_back("apiVersion", declare(string_type()));
    fields.emplace_back("kind", declare(string_type()));
  }
  for (const schema::Field& field : type.fields()) {
    DeclarationRef declaration = of_element(field, above);
    switch (field.holder) {
      case schema::Holder::List: {
        Declaration list = *declare_list(std::move(declaration));
        list.list_kind = field.list_type == schema::ListType::Set   ? ListKind::Set
                         : field.list_type == schema::ListType::Map ? ListKind::Map
                                                                    : ListKind::Atomic;
        if (field.notes != nullptr) list.list_keys.assign(field.notes->keys.begin(), field.notes->keys.end());
        declaration = std::make_shared<const Declaration>(std::move(list));
        break;
      }
      case schema::Holder::Map:
        declaration = declare_map(declare(string_type()), std::move(declaration));
        break;
      case schema::Holder::MapOfLists:
        declaration = declare_map(declare(string_type()), declare_list(std::move(declaration)));
        break;
      default:
        break;
    }
    fields.emplace_back(std::string(field.name()), std::move(declaration));
  }
  above.pop_back();
  return declare_object(base::cat({type.package, ".", type.name}), std::move(fields));
}

}  // namespace

DeclarationRef declare(const schema::Type& type) {
  std::vector<const schema::Type*> above;
  return of_struct(type, above);
}

}  // namespace cel
