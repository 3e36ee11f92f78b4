#include "apiserver/openapi/schemas.h"

#include <algorithm>
#include <vector>

#include "apiserver/crd/kind.h"
#include "apiserver/openapi/custom.h"
#include "apiserver/openapi/descriptions.h"
#include "base/strings.h"
#include "schema/resource.h"

namespace apiserver::openapi {
namespace {

using schema::Field;
using schema::Holder;
using schema::Shape;
using schema::Type;

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1";
constexpr std::string_view kExtensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

// The schemas of what is a scalar or free text to us.
struct Special {
  std::string_view name;
  std::string_view description;
  std::string_view v2;  // what it is besides
  std::string_view v3;
};
constexpr Special kSpecials[] = {
    {"io.k8s.apimachinery.pkg.api.resource.Quantity",
     "A number with an optional suffix: \"100m\", \"1.5\", \"2Gi\". Suffixes are n, u, m, k, M, G, T, P, E (powers of "
     "ten), Ki, Mi, Gi, Ti, "
     "Pi, Ei (powers of two), or an exponent such as e3.",
     R"("type":"string")", R"("oneOf":[{"type":"string"},{"type":"number"}])"},
    {"io.k8s.apimachinery.pkg.util.intstr.IntOrString",
     "A number, or a text such as a percentage or the name of a port.", R"("type":"string","format":"int-or-string")",
     R"("oneOf":[{"type":"integer"},{"type":"string"}],"format":"int-or-string")"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.Time", "A point in time, RFC 3339, in whole seconds.",
     R"("type":"string","format":"date-time")", R"("type":"string","format":"date-time")"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "A point in time, RFC 3339, with microseconds.",
     R"("type":"string","format":"date-time")", R"("type":"string","format":"date-time")"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "A length of time: \"1h30m\".", R"("type":"string")",
     R"("type":"string")"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
     "A set of fields as a tree: keys are \"f:<name>\", \"k:<keys>\", \"v:<value>\", \"i:<index>\", and \".\" for the "
     "thing itself.",
     R"("type":"object")", R"("type":"object")"},
    {"io.k8s.apimachinery.pkg.runtime.RawExtension", "Any object.", R"("type":"object")", R"("type":"object")"},
    {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "Any JSON value.", "", ""},
    {SchemaSet::kPatch, "A change to an object, in the form that the content type names.", R"("type":"object")",
     R"("type":"object")"},
};

// The schema that a field's element refers to; "" when it is told in place. Structs aside.
std::string_view special_of(const Type& owner, const Field& field) {
  switch (field.shape) {
    case Shape::Quantity:
      return kSpecials[0].name;
    case Shape::IntOrString:
      return kSpecials[1].name;
    case Shape::Time:
      return kSpecials[2].name;
    case Shape::MicroTime:
      return kSpecials[3].name;
    case Shape::Duration:
      return kSpecials[4].name;
    case Shape::Raw:
      if (owner.package == kMeta && field.name() == "fieldsV1") return kSpecials[5].name;
      return owner.package == kExtensions ? kSpecials[7].name : kSpecials[6].name;
    default:
      return {};
  }
}

struct Scalar {
  std::string_view type;
  std::string_view format;
  std::string_view zero;  // as JSON
};
Scalar scalar_of(Shape shape) {
  switch (shape) {
    case Shape::Bool:
      return {"boolean", "", "false"};
    case Shape::Int32:
      return {"integer", "int32", "0"};
    case Shape::Int64:
      return {"integer", "int64", "0"};
    case Shape::Double:
      return {"number", "double", "0"};
    case Shape::Bytes:
      return {"string", "byte", ""};
    default:
      return {"string", "", "\"\""};
  }
}

class SchemaWriter {
 public:
  SchemaWriter(JsonWriter& json, Dialect dialect) : json_(json), dialect_(dialect) {}

  void write_type(const Type& type);
  void write_special(const Special& special);

 private:
  void write_field(const Type& owner, const Field& field);
  // The members of a schema of one element; `fallback` is its default, "" when it has none. Others may follow.
  void write_element(const Type& owner, const Field& field, bool alone, std::string_view fallback);
  void write_kind(const Type& type);

  JsonWriter& json_;
  Dialect dialect_;
};

// What an absent field is, as JSON; "" when nothing is said.
std::string_view default_of(const Field& field) {
  if (field.notes != nullptr && !field.notes->default_json.empty()) return field.notes->default_json;
  if (field.holder != Holder::Value || field.has(Field::Pointer)) return {};
  if (field.shape == Shape::Struct) return "{}";
  if (field.has(Field::OmitEmpty) || field.has(Field::OmitZero)) return {};
  switch (field.shape) {
    case Shape::Bool:
    case Shape::Int32:
    case Shape::Int64:
    case Shape::Double:
    case Shape::String:
      return scalar_of(field.shape).zero;
    default:
      return {};
  }
}

void SchemaWriter::write_element(const Type& owner, const Field& field, bool alone, std::string_view fallback) {
  std::string_view special = special_of(owner, field);
  if (field.shape == Shape::Struct || !special.empty()) {
    std::string name = special.empty() ? schema_name(*field.type) : std::string(special);
    // In 3.0 nothing may stand beside a reference.
    if (dialect_ == Dialect::V3 && (!alone || !fallback.empty())) {
      json_.key("allOf").open('[');
      write_reference(json_, dialect_, name);
      json_.close(']');
    } else {
      json_.member("$ref", reference(dialect_, name));
    }
  } else {
    Scalar scalar = scalar_of(field.shape);
    json_.member("type", scalar.type);
    std::string_view format =
        field.notes != nullptr && !field.notes->format.empty() ? field.notes->format : scalar.format;
    if (!format.empty()) json_.member("format", format);
    if (field.notes != nullptr && !field.notes->values.empty()) {
      std::vector<std::string_view> values(field.notes->values.begin(), field.notes->values.end());
      std::sort(values.begin(), values.end());
      json_.key("enum").open('[');
      for (auto value : values) json_.text(value);
      json_.close(']');
    }
  }
  if (dialect_ == Dialect::V3 && !fallback.empty()) json_.member_raw("default", fallback);
}

// The default of an element of a list or map, whose absence is null in Go's slices.
std::string_view element_default(const Field& field) {
  if (field.shape == Shape::Struct) return "{}";
  switch (field.shape) {
    case Shape::Bool:
    case Shape::Int32:
    case Shape::Int64:
    case Shape::Double:
    case Shape::String:
      return scalar_of(field.shape).zero;
    default:
      return {};
  }
}

std::string_view list_type_name(schema::ListType type) {
  switch (type) {
    case schema::ListType::Atomic:
      return "atomic";
    case schema::ListType::Set:
      return "set";
    case schema::ListType::Map:
      return "map";
    case schema::ListType::None:
      break;
  }
  return {};
}

void SchemaWriter::write_field(const Type& owner, const Field& field) {
  json_.key(field.name()).open('{');
  std::string_view description = describe_field(owner, field);
  if (!description.empty()) json_.member("description", description);
  bool is_list = field.holder == Holder::List;
  bool is_map = field.holder == Holder::Map || field.holder == Holder::MapOfLists;
  bool patched = field.has(Field::PatchMerge) || field.has(Field::PatchReplace) || field.has(Field::RetainKeys);
  if (is_list || is_map) {
    json_.member("type", is_list ? "array" : "object");
    json_.key(is_list ? "items" : "additionalProperties").open('{');
    if (field.holder == Holder::MapOfLists) json_.member("type", "array").key("items").open('{');
    write_element(owner, field, true, element_default(field));
    if (field.holder == Holder::MapOfLists) json_.close('}');
    json_.close('}');
    if (dialect_ == Dialect::V3 && field.notes != nullptr && !field.notes->default_json.empty()) {
      json_.member_raw("default", field.notes->default_json);
    }
  } else {
    write_element(owner, field, description.empty() && !patched && field.map_type == schema::MapType::None,
                  default_of(field));
  }
  if (auto list_type = list_type_name(field.list_type); !list_type.empty())
    json_.member("x-kubernetes-list-type", list_type);
  if (field.notes != nullptr && !field.notes->keys.empty()) {
    json_.key("x-kubernetes-list-map-keys").open('[');
    for (auto key : field.notes->keys) json_.text(key);
    json_.close(']');
  }
  if (field.map_type != schema::MapType::None) {
    json_.member("x-kubernetes-map-type", field.map_type == schema::MapType::Atomic ? "atomic" : "granular");
  }
  if (field.notes != nullptr && !field.notes->merge_key.empty())
    json_.member("x-kubernetes-patch-merge-key", field.notes->merge_key);
  if (patched) {
    std::string strategy;
    auto also = [&](Field::Flag flag, std::string_view name) {
      if (field.has(flag)) strategy += base::cat({strategy.empty() ? "" : ",", name});
    };
    also(Field::PatchMerge, "merge");
    also(Field::PatchReplace, "replace");
    also(Field::RetainKeys, "retainKeys");
    json_.member("x-kubernetes-patch-strategy", strategy);
  }
  json_.close('}');
}

void write_group_version_kind(JsonWriter& json, std::string_view group, std::string_view version,
                              std::string_view kind) {
  json.open('{').member("group", group).member("kind", kind).member("version", version).close('}');
}

void SchemaWriter::write_kind(const Type& type) {
  json_.key("x-kubernetes-group-version-kind").open('[');
  if (type.package == kMeta && (type.name == "DeleteOptions" || type.name == "WatchEvent")) {
    // Part of every group.
    for (const auto& one : schema::group_versions()) write_group_version_kind(json_, one.group, one.version, type.name);
  } else if (type.package == kMeta) {
    write_group_version_kind(json_, "", "v1", type.name);
  } else {
    write_group_version_kind(json_, type.group, type.version, type.name);
  }
  json_.close(']');
}

void SchemaWriter::write_type(const Type& type) {
  json_.key(schema_name(type)).open('{');
  std::string_view description = describe_type(type);
  if (!description.empty()) json_.member("description", description);
  if (type.form != schema::Form::Fields) {  // of several forms, which the dialects have no words for
    json_.close('}');
    return;
  }
  json_.member("type", "object");
  if (std::any_of(type.fields().begin(), type.fields().end(),
                  [](const Field& field) { return field.has(Field::Required); })) {
    json_.key("required").open('[');
    for (const auto& field : type.fields()) {
      if (field.has(Field::Required)) json_.text(field.name());
    }
    json_.close(']');
  }
  bool kind = type.has(Type::Kind);
  if (kind || !type.fields().empty()) {
    json_.key("properties").open('{');
    if (kind) {
      json_.key("apiVersion")
          .open('{')
          .member("description", kApiVersionDescription)
          .member("type", "string")
          .close('}');
      json_.key("kind").open('{').member("description", kKindDescription).member("type", "string").close('}');
    }
    for (const auto& field : type.fields()) write_field(type, field);
    json_.close('}');
  }
  if (kind) write_kind(type);
  if (type.has(Type::Atomic)) json_.member("x-kubernetes-map-type", "atomic");
  json_.close('}');
}

void SchemaWriter::write_special(const Special& special) {
  json_.key(special.name).open('{').member("description", special.description);
  std::string_view more = dialect_ == Dialect::V2 ? special.v2 : special.v3;
  if (!more.empty()) json_.raw(more);
  json_.close('}');
}

}  // namespace

std::string schema_name(const Type& type) {
  return base::cat({type.package, ".", type.name});
}

std::string reference(Dialect dialect, std::string_view name) {
  return base::cat({dialect == Dialect::V2 ? "#/definitions/" : "#/components/schemas/", name});
}

void write_reference(JsonWriter& json, Dialect dialect, std::string_view name) {
  json.open('{').member("$ref", reference(dialect, name)).close('}');
}

bool SchemaSet::ByName::operator()(const Type* a, const Type* b) const {
  return a->package != b->package ? a->package < b->package : a->name < b->name;
}

void SchemaSet::add(const Type& type) {
  if (type.form == schema::Form::Custom) return;  // told by its kind
  std::vector<const Type*> open{&type};
  while (!open.empty()) {
    const Type* next = open.back();
    open.pop_back();
    if (!types_.insert(next).second || next->form != schema::Form::Fields) continue;
    for (const auto& field : next->fields()) {
      if (field.shape == Shape::Struct) {
        open.push_back(field.type);
      } else if (auto special = special_of(*next, field); !special.empty()) {
        specials_.emplace(special);
      }
    }
  }
}

void SchemaSet::add(const crd::Kind& kind) {
  customs_.emplace(schema_name(kind.type()), &kind);
  add(schema::type_of<api::meta_v1::ObjectMeta>());
  add(schema::type_of<api::meta_v1::ListMeta>());
}

void SchemaSet::add(std::string_view special) {
  specials_.emplace(special);
}

bool SchemaSet::contains(std::string_view name) const {
  return specials_.contains(name) ||
         std::any_of(types_.begin(), types_.end(), [&](const Type* type) { return schema_name(*type) == name; });
}

void SchemaSet::write(JsonWriter& json, Dialect dialect) const {
  SchemaWriter writer(json, dialect);
  json.open('{');
  for (const auto& [name, kind] : customs_) {
    json.member_raw(name, custom_schema(*kind, dialect))
        .member_raw(schema_name(kind->list_type()), custom_list_schema(*kind, dialect));
  }
  for (const Type* type : types_) writer.write_type(*type);
  for (const auto& special : kSpecials) {
    if (specials_.contains(special.name)) writer.write_special(special);
  }
  json.close('}');
}

}  // namespace apiserver::openapi
