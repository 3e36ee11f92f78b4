#include "apiserver/registry/last_applied.h"

#include "schema/apply/comparison.h"
#include "schema/apply/typed.h"

namespace apiserver {
namespace {

namespace apply = schema::apply;

constexpr std::string_view kAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
constexpr size_t kAnnotationBytesMax = size_t{256} << 10;  // of all annotations together

void sort_keys(schema::Value& value) {
  if (value.is_array()) {
    for (auto& item : value.as_array()) sort_keys(item);
  } else if (value.is_object()) {
    value.as_object().sort();
    for (auto& member : value.as_object()) sort_keys(member.value);
  }
}

}  // namespace

std::optional<apply::FieldSet> last_applied_fields(const apply::TypeRef& type, std::string_view api_version,
                                                   const schema::Value& live) {
  auto text = live.text_at({"metadata", "annotations", kAnnotation});
  if (text.empty()) return std::nullopt;
  auto config = schema::Value::parse(text);
  if (!config || !config->is_object() || config->text_at({"apiVersion"}) != api_version) return std::nullopt;
  if (!apply::validate(type, *config, apply::Duplicates::Refused)) return std::nullopt;
  auto changed = apply::compare(type, *config, live);
  auto fields = subtract(apply::field_set(type, *config), changed.modified);
  return subtract(subtract(fields, changed.added), changed.removed);
}

void refresh_last_applied(api::meta_v1::ObjectMeta& meta, const schema::Value& config) {
  auto at = meta.annotations.find(kAnnotation);
  if (at == meta.annotations.end() || at->second.empty()) return;
  schema::Value kept = config;
  if (schema::Value* annotations = kept.at({"metadata", "annotations"});
      annotations != nullptr && annotations->is_object()) {
    annotations->as_object().erase(kAnnotation);
  }
  sort_keys(kept);
  at->second = kept.to_json() + "\n";
  size_t bytes = 0;
  for (const auto& [key, value] : meta.annotations) bytes += key.size() + value.size();
  if (bytes > kAnnotationBytesMax) meta.annotations.erase(at);
}

}  // namespace apiserver
