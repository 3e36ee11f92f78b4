// A structural schema, as custom resource definitions give it, made ready for use: what a tree may hold, what is filled
// in, what is cut off. The Kubernetes documentation, "Specifying a structural schema". Constant once it is made, safe
// from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/type.h"
#include "schema/value.h"

namespace re2 {
class RE2;
}
namespace api::apiextensions_k8s_io_v1 {
struct JSONSchemaProps;
}

namespace schema {

struct Structural {
  enum class Is : uint8_t { Any, Object, Array, String, Integer, Number, Boolean, Other };

  Is is = Is::Any;
  std::string type;  // as it was written
  std::string format;
  bool nullable = false;
  bool preserve_unknown_fields = false;
  bool embedded_resource = false;
  bool int_or_string = false;
  ListType list_type = ListType::None;
  std::vector<std::string> list_keys;
  MapType map_type = MapType::None;
  std::optional<Value> fallback;  // its default

  std::map<std::string, Structural, std::less<>> properties;
  std::unique_ptr<Structural> additional;  // of all properties that have no schema of their own
  enum class Additional : uint8_t { Unsaid, Allowed, Denied } additional_allowed = Additional::Unsaid;
  std::unique_ptr<Structural> items;

  std::optional<double> maximum, minimum, multiple_of;
  bool exclusive_maximum = false, exclusive_minimum = false;
  std::optional<int64_t> max_length, min_length, max_items, min_items, max_properties, min_properties;
  bool unique_items = false;
  std::string pattern;
  std::shared_ptr<const re2::RE2> compiled_pattern;  // null when there is none
  std::vector<Value> values;                         // the only ones allowed (enum); empty: any
  std::vector<std::string> required;
  std::vector<Structural> all_of, any_of, one_of;
  std::unique_ptr<Structural> none_of;  // not

  Value document;  // all of it as it was written; of the outermost alone

  // The schema of the member `key` of an object; null when nothing is said about it.
  const Structural* member(std::string_view key) const;
};

// Takes the schema as it is written; what is wrong with it was said when the definition was validated.
Structural make_structural(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema);

// Cuts off what the schema does not name. `is_resource`: the tree is an object's content, whose kind, apiVersion and
// metadata stay. The paths of what went are appended to `unknown` in order of the alphabet: "spec.containers[0].foo".
void prune(Value& tree, const Structural& schema, bool is_resource, std::vector<std::string>* unknown = nullptr);

// Fills in defaults where the tree has nothing, or has null and must not; then drops the nulls that must not be.
void apply_defaults(Value& tree, const Structural& schema);

// The metadata of embedded resources brought into form: BadRequest when it is none; unknown fields go as prune() has
// it.
base::Result<void> coerce_embedded(Value& tree, const Structural& schema, std::vector<std::string>* unknown = nullptr);

}  // namespace schema
