#include "schema/structural.h"

#include <re2/re2.h>

#include <algorithm>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/meta_v1.h"
#include "base/strings.h"
#include "schema/json.h"

namespace schema {
namespace {

using api::apiextensions_k8s_io_v1::JSONSchemaProps;

Structural::Is what_is(std::string_view type) {
  if (type.empty()) return Structural::Is::Any;
  if (type == "object") return Structural::Is::Object;
  if (type == "array") return Structural::Is::Array;
  if (type == "string") return Structural::Is::String;
  if (type == "integer") return Structural::Is::Integer;
  if (type == "number") return Structural::Is::Number;
  if (type == "boolean") return Structural::Is::Boolean;
  return Structural::Is::Other;
}

Value parse_or_null(std::string_view json) {
  auto value = Value::parse(json);
  return value ? std::move(*value) : Value();
}

std::unique_ptr<Structural> boxed(const JSONSchemaProps& schema) {
  return std::make_unique<Structural>(make_structural(schema));
}

bool is_type_meta(std::string_view key) {
  return key == "kind" || key == "apiVersion" || key == "metadata";
}

// A path that is lengthened on the way down and shortened on the way back.
class Way {
 public:
  explicit Way(std::string& text) : text_(text), size_(text.size()) {}
  ~Way() { text_.resize(size_); }
  Way(const Way&) = delete;
  void key(std::string_view name) {
    if (!text_.empty()) text_ += '.';
    text_ += name;
  }
  void index(size_t i) { text_ += base::cat({"[", std::to_string(i), "]"}); }

 private:
  std::string& text_;
  const size_t size_;
};

class Pruner {
 public:
  explicit Pruner(std::vector<std::string>* unknown) : unknown_(unknown) {}

  // `schema`: null where nothing is declared. `keeps`: what is not declared stays.
  void prune(Value& tree, const Structural* schema, bool is_resource, bool keeps = false) {
    keeps |= schema != nullptr && schema->preserve_unknown_fields;
    if (tree.is_array()) {
      auto& elements = tree.as_array();
      const Structural* items = schema == nullptr ? nullptr : schema->items.get();
      if (keeps && items == nullptr) return;
      for (size_t i = 0; i < elements.size(); ++i) {
        Way way(path_);
        way.index(i);
        prune(elements[i], items, false);
      }
    } else if (tree.is_object()) {
      prune_members(tree.as_object(), schema, is_resource || (schema != nullptr && schema->embedded_resource), keeps);
    }
  }

 private:
  void prune_members(Members& members, const Structural* schema, bool is_resource, bool keeps) {
    std::vector<std::string> gone;
    for (Member& member : members) {
      if (is_resource && is_type_meta(member.key)) continue;
      Way way(path_);
      way.key(member.key);
      if (schema != nullptr) {
        if (auto property = schema->properties.find(member.key); property != schema->properties.end()) {
          prune(member.value, &property->second, false);
          continue;
        }
        bool says = schema->additional != nullptr || schema->additional_allowed != Structural::Additional::Unsaid;
        if (says && (schema->additional != nullptr || !keeps)) {
          prune(member.value, schema->additional.get(), false);
          continue;
        }
      }
      if (keeps) continue;
      if (unknown_ != nullptr) unknown_->push_back(path_);
      gone.push_back(member.key);
    }
    for (const auto& key : gone) members.erase(key);
  }

  std::vector<std::string>* const unknown_;
  std::string path_;
};

bool must_not_be_null(const Structural& schema) {
  return !schema.nullable;
}

void drop_nulls(Value& tree, const Structural& schema) {
  if (tree.is_array()) {
    if (schema.items == nullptr) return;
    for (Value& element : tree.as_array()) drop_nulls(element, *schema.items);
  } else if (tree.is_object()) {
    std::vector<std::string> gone;
    for (Member& member : tree.as_object()) {
      const Structural* below = schema.member(member.key);
      if (below == nullptr) continue;
      if (member.value.is_null() && must_not_be_null(*below)) {
        gone.push_back(member.key);
      } else {
        drop_nulls(member.value, *below);
      }
    }
    for (const auto& key : gone) tree.as_object().erase(key);
  }
}

void fill_null(Value& value, const Structural& schema) {
  if (value.is_null() && schema.fallback && must_not_be_null(schema)) value = *schema.fallback;
}

void fill(Value& tree, const Structural& schema) {
  if (tree.is_array()) {
    if (schema.items == nullptr) return;
    for (Value& element : tree.as_array()) {
      fill_null(element, *schema.items);
      fill(element, *schema.items);
    }
  } else if (tree.is_object()) {
    auto& members = tree.as_object();
    for (const auto& [key, property] : schema.properties) {
      if (property.fallback && !members.contains(key)) members.set(key, *property.fallback);
    }
    for (Member& member : members) {
      const Structural* below = schema.member(member.key);
      if (below == nullptr) continue;
      fill_null(member.value, *below);
      fill(member.value, *below);
    }
  }
}

// Embedded metadata as its struct has it.
base::Result<void> coerce_metadata(Value& metadata, const std::string& path, std::vector<std::string>* unknown) {
  std::vector<std::string> strict;
  auto decoded = from_json<api::meta_v1::ObjectMeta>(metadata.to_json(), unknown == nullptr ? nullptr : &strict);
  if (!decoded) {
    return base::fail(base::Code::BadRequest, base::cat({path, ".metadata: Invalid value: ", metadata.to_json(), ": ",
                                                         decoded.error().message()}));
  }
  for (const auto& error : strict) {
    constexpr std::string_view kHead = "unknown field \"";
    if (error.starts_with(kHead)) {
      unknown->push_back(base::cat(
          {path, ".metadata.", std::string_view(error).substr(kHead.size(), error.size() - kHead.size() - 1)}));
    }
  }
  metadata = parse_or_null(to_json(*decoded));
  if (const Value* time = metadata.find("creationTimestamp"); time != nullptr && time->is_null()) {
    metadata.as_object().erase("creationTimestamp");
  }
  return {};
}

class Coercer {
 public:
  explicit Coercer(std::vector<std::string>* unknown) : unknown_(unknown) {}

  base::Result<void> coerce(Value& tree, const Structural& schema) {
    if (tree.is_array()) {
      if (schema.items == nullptr) return {};
      auto& elements = tree.as_array();
      for (size_t i = 0; i < elements.size(); ++i) {
        Way way(path_);
        way.index(i);
        TRY(coerce(elements[i], *schema.items));
      }
    } else if (tree.is_object()) {
      if (schema.embedded_resource) TRY(coerce_resource(tree.as_object()));
      for (Member& member : tree.as_object()) {
        const Structural* below = schema.member(member.key);
        if (below == nullptr || (schema.embedded_resource && is_type_meta(member.key))) continue;
        Way way(path_);
        way.key(member.key);
        TRY(coerce(member.value, *below));
      }
    }
    return {};
  }

 private:
  base::Result<void> coerce_resource(Members& members) {
    for (std::string_view key : {"apiVersion", "kind"}) {
      const Value* value = members.find(key);
      if (value == nullptr || value->is_string()) continue;
      return base::fail(base::Code::BadRequest,
                        base::cat({path_, ".", key, ": Invalid value: ", value->to_json(), ": must be a string"}));
    }
    Value* metadata = members.find("metadata");
    if (metadata == nullptr) return {};
    return coerce_metadata(*metadata, path_, unknown_);
  }

  std::vector<std::string>* const unknown_;
  std::string path_;
};

Structural make(const JSONSchemaProps& schema) {
  Structural made;
  made.is = what_is(schema.type);
  made.type = schema.type;
  made.format = schema.format;
  made.nullable = schema.nullable;
  made.preserve_unknown_fields = schema.x_kubernetes_preserve_unknown_fields.value_or(false);
  made.embedded_resource = schema.x_kubernetes_embedded_resource;
  made.int_or_string = schema.x_kubernetes_int_or_string;
  const std::string list_type = schema.x_kubernetes_list_type.value_or("");
  if (list_type == "set") made.list_type = ListType::Set;
  if (list_type == "map") made.list_type = ListType::Map;
  if (list_type == "atomic") made.list_type = ListType::Atomic;
  made.list_keys = schema.x_kubernetes_list_map_keys;
  const std::string map_type = schema.x_kubernetes_map_type.value_or("");
  if (map_type == "granular") made.map_type = MapType::Granular;
  if (map_type == "atomic") made.map_type = MapType::Atomic;
  if (!schema.default_.empty()) made.fallback = parse_or_null(schema.default_);

  for (const auto& [key, property] : schema.properties) made.properties.emplace(key, make(property));
  if (schema.additional_properties) {
    const auto& additional = *schema.additional_properties;
    made.additional_allowed =
        additional.allows || additional.schema ? Structural::Additional::Allowed : Structural::Additional::Denied;
    if (additional.schema) made.additional = boxed(*additional.schema);
  }
  if (schema.items && schema.items->schema) made.items = boxed(*schema.items->schema);

  made.maximum = schema.maximum;
  made.minimum = schema.minimum;
  made.multiple_of = schema.multiple_of;
  made.exclusive_maximum = schema.exclusive_maximum;
  made.exclusive_minimum = schema.exclusive_minimum;
  made.max_length = schema.max_length;
  made.min_length = schema.min_length;
  made.max_items = schema.max_items;
  made.min_items = schema.min_items;
  made.max_properties = schema.max_properties;
  made.min_properties = schema.min_properties;
  made.unique_items = schema.unique_items;
  made.pattern = schema.pattern;
  if (!schema.pattern.empty())
    made.compiled_pattern = std::make_shared<const re2::RE2>(schema.pattern, re2::RE2::Quiet);
  for (const auto& value : schema.enum_) made.values.push_back(parse_or_null(value));
  made.required = schema.required;
  for (const auto& one : schema.all_of) made.all_of.push_back(make(one));
  for (const auto& one : schema.any_of) made.any_of.push_back(make(one));
  for (const auto& one : schema.one_of) made.one_of.push_back(make(one));
  if (schema.not_) made.none_of = boxed(*schema.not_);
  return made;
}

}  // namespace

const Structural* Structural::member(std::string_view key) const {
  auto property = properties.find(key);
  return property != properties.end() ? &property->second : additional.get();
}

Structural make_structural(const JSONSchemaProps& schema) {
  Structural made = make(schema);
  made.document = parse_or_null(to_json(schema));
  return made;
}

void prune(Value& tree, const Structural& schema, bool is_resource, std::vector<std::string>* unknown) {
  std::vector<std::string> found;
  Pruner(unknown == nullptr ? nullptr : &found).prune(tree, &schema, is_resource);
  std::sort(found.begin(), found.end());
  if (unknown != nullptr) unknown->insert(unknown->end(), found.begin(), found.end());
}

void apply_defaults(Value& tree, const Structural& schema) {
  fill(tree, schema);
  drop_nulls(tree, schema);
}

base::Result<void> coerce_embedded(Value& tree, const Structural& schema, std::vector<std::string>* unknown) {
  return Coercer(unknown).coerce(tree, schema);
}

}  // namespace schema
