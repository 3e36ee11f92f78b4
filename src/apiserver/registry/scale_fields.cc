#include "apiserver/registry/scale_fields.h"

#include <algorithm>

namespace apiserver {
namespace {

namespace apply = schema::apply;

constexpr std::string_view kScaleVersion = "autoscaling/v1";
constexpr std::string_view kReplicasInScale = R"({"f:spec":{"f:replicas":{}}})";

apply::Managed decoded(const Entries& entries) {
  auto managed = apply::Managed::decode(entries, entries);
  return managed ? std::move(*managed) : apply::Managed();
}

}  // namespace

Entries scale_entries(const Entries& owner, std::string_view version, const apply::Path& replicas) {
  apply::Managed managed = decoded(owner);
  Entries entries;
  for (const auto& set : managed.sets()) {
    if (set.api_version != version || !set.fields.has(replicas)) continue;
    auto& entry = entries.emplace_back();
    entry.manager = set.id.manager;
    entry.operation = set.id.operation;
    entry.api_version = kScaleVersion;
    entry.time = set.time;
    entry.fields_type = "FieldsV1";
    entry.fields_v1 = kReplicasInScale;
    entry.subresource = set.id.subresource;
  }
  return entries;
}

Entries owner_entries(const Entries& owner, const Entries& scale, std::string_view version,
                      const apply::Path& replicas) {
  apply::Managed managed = decoded(owner);
  apply::Managed scaled = decoded(scale);
  apply::FieldSet number;
  number.insert(replicas);
  std::erase_if(managed.sets(), [&](const apply::ManagedSet& set) { return set.api_version != version; });
  for (auto& set : managed.sets()) {
    if (!set.fields.has(replicas)) continue;
    if (scaled.find(set.id) != nullptr) {
      scaled.erase(set.id);
    } else {
      set.set_fields(subtract(set.fields, number));
    }
  }
  managed.erase_empty();
  for (const auto& set : scaled.sets()) managed.ensure(set.id, version).set_fields(number);
  return managed.encode();
}

}  // namespace apiserver
