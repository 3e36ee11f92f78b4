#include "apiserver/crd/scale.h"

#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/custom.h"
#include "schema/go_type.h"

namespace apiserver::crd {
namespace {

using schema::Value;

base::Error accessor_error(const std::vector<std::string>& path, size_t depth, const Value& value,
                           std::string_view expected) {
  std::string name;
  for (size_t i = 0; i < depth; ++i) name += "." + path[i];
  return {base::Code::BadRequest, base::cat({name, " accessor error: ", value.to_go_string(), " is of the type ",
                                             schema::go_type_of(value), ", expected ", expected})};
}

// Down the path; null where it ends early.
base::Result<const Value*> walk(const Value& tree, const std::vector<std::string>& path) {
  const Value* at = &tree;
  for (size_t i = 0; i < path.size(); ++i) {
    if (at->is_null()) return nullptr;
    if (!at->is_object()) return base::fail(accessor_error(path, i + 1, *at, "map[string]interface{}"));
    at = at->find(path[i]);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

base::Result<std::optional<int64_t>> replicas_at(const Value& tree, const std::vector<std::string>& path) {
  TRY(const Value* value, walk(tree, path));
  if (value == nullptr) return std::nullopt;
  if (!value->is_int()) return base::fail(accessor_error(path, path.size(), *value, "int64"));
  return value->as_int();
}

base::Result<std::string> selector_at(const Value& tree, const std::vector<std::string>& path) {
  TRY(const Value* value, walk(tree, path));
  if (value == nullptr) return std::string();
  if (!value->is_string()) return base::fail(accessor_error(path, path.size(), *value, "string"));
  return value->as_string();
}

base::Result<api::autoscaling_v1::Scale> scale_of(const Kind& kind, const schema::Object& owner) {
  const auto& custom = *schema::custom_of(owner);
  const auto& paths = *kind.scale();
  TRY(auto replicas, replicas_at(custom.content, paths.spec_replicas));
  if (!replicas) {
    return base::fail(internal_error(
        base::cat({"the spec replicas field \".", base::join(paths.spec_replicas, "."), "\" does not exist"})));
  }
  TRY(auto observed, replicas_at(custom.content, paths.status_replicas));
  api::autoscaling_v1::Scale scale;
  scale.metadata.name = custom.metadata.name;
  scale.metadata.namespace_ = custom.metadata.namespace_;
  scale.metadata.uid = custom.metadata.uid;
  scale.metadata.resource_version = custom.metadata.resource_version;
  scale.metadata.creation_timestamp = custom.metadata.creation_timestamp;
  scale.spec.replicas = static_cast<int32_t>(*replicas);
  scale.status.replicas = static_cast<int32_t>(observed.value_or(0));
  if (!paths.label_selector.empty()) {
    TRY(scale.status.selector, selector_at(custom.content, paths.label_selector));
  }
  return scale;
}

void set_replicas(const Kind& kind, schema::Object& owner, int32_t replicas) {
  const auto& path = kind.scale()->spec_replicas;
  Value* at = &schema::custom_of(owner)->content;
  for (const auto& name : path) {
    if (!at->is_object()) *at = Value::object();
    at = &at->as_object()[name];
  }
  *at = Value(int64_t{replicas});
}

}  // namespace apiserver::crd
