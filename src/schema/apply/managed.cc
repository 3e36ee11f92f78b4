#include "schema/apply/managed.h"

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace schema::apply {
namespace {

constexpr std::string_view kAncientChanges = "ancient-changes";

std::unexpected<base::Error> refuse(std::string message) {
  return base::fail(base::Code::BadRequest, std::move(message));
}

base::Result<void> check(const api::meta_v1::ManagedFieldsEntry& entry, size_t index) {
  if (entry.operation != "Apply" && entry.operation != "Update") return refuse("operation must be `Apply` or `Update`");
  if (entry.api_version.empty()) return refuse("apiVersion must not be empty");
  if (entry.fields_type.empty()) return refuse("missing fieldsType in managed fields entry " + std::to_string(index));
  if (entry.fields_type != "FieldsV1") {
    return refuse(base::cat(
        {"invalid fieldsType ", base::quote(entry.fields_type), " in managed fields entry ", std::to_string(index)}));
  }
  return {};
}

bool comes_before(const api::meta_v1::ManagedFieldsEntry& a, const api::meta_v1::ManagedFieldsEntry& b) {
  auto seconds = [](const auto& entry) { return entry.time.is_zero() ? 0 : entry.time.seconds; };
  if (a.operation != b.operation) return a.operation < b.operation;
  if (seconds(a) != seconds(b)) return seconds(a) < seconds(b);
  if (a.manager != b.manager) return a.manager < b.manager;
  if (a.api_version != b.api_version) return a.api_version < b.api_version;
  return a.subresource < b.subresource;
}

}  // namespace

ManagerId ManagerId::of(std::string_view manager, std::string_view operation, std::string_view api_version,
                        std::string_view subresource) {
  ManagerId id{std::string(manager), std::string(operation), std::string(api_version), std::string(subresource)};
  if (id.applies()) id.api_version.clear();
  return id;
}

std::string ManagerId::to_string() const {
  std::string out = base::quote(manager);
  if (!subresource.empty()) out += " with subresource " + base::quote(subresource);
  if (!applies()) out += " using " + api_version;
  return out;
}

base::Result<Managed> Managed::decode(const Entries& entries, const Entries& known) {
  Managed managed;
  managed.sets_.reserve(entries.size() + 1);
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    TRY(check(entry, i));
    ManagedSet set;
    set.id = ManagerId::of(entry.manager, entry.operation, entry.api_version, entry.subresource);
    set.api_version = entry.api_version;
    set.time = entry.time;
    if (!entry.fields_v1.empty()) {
      auto fields = FieldSet::parse(entry.fields_v1);
      if (!fields) return refuse("error decoding set: " + fields.error().message());
      set.fields = std::move(*fields);
      bool ours = &entries == &known ||
                  std::ranges::any_of(known, [&](const auto& one) { return one.fields_v1 == entry.fields_v1; });
      if (ours) set.text = entry.fields_v1;
    }
    managed.erase(set.id);
    managed.sets_.push_back(std::move(set));
  }
  return managed;
}

Managed::Entries Managed::encode() const {
  Entries entries;
  entries.reserve(sets_.size());
  for (const auto& set : sets_) {
    auto& entry = entries.emplace_back();
    entry.manager = set.id.manager;
    entry.operation = set.id.operation;
    entry.api_version = set.api_version;
    entry.time = set.time;
    entry.fields_type = "FieldsV1";
    entry.fields_v1 = set.text.empty() ? set.fields.to_fields_v1() : set.text;
    entry.subresource = set.id.subresource;
  }
  std::sort(entries.begin(), entries.end(), comes_before);
  return entries;
}

ManagedSet* Managed::find(const ManagerId& id) {
  auto at = std::find_if(sets_.begin(), sets_.end(), [&](const ManagedSet& set) { return set.id == id; });
  return at == sets_.end() ? nullptr : &*at;
}

ManagedSet& Managed::ensure(const ManagerId& id, std::string_view api_version) {
  ManagedSet* set = find(id);
  if (set == nullptr) {
    set = &sets_.emplace_back();
    set->id = id;
  }
  set->api_version = api_version;
  return *set;
}

void Managed::erase(const ManagerId& id) {
  std::erase_if(sets_, [&](const ManagedSet& set) { return set.id == id; });
}

void Managed::erase_empty() {
  std::erase_if(sets_, [](const ManagedSet& set) { return set.fields.empty(); });
}

void Managed::cap_updaters() {
  if (sets_.size() <= kUpdateManagersMax) return;
  std::vector<std::pair<int64_t, ManagerId>> updaters;
  for (const auto& set : sets_) {
    if (!set.id.applies()) updaters.emplace_back(set.time.is_zero() ? 0 : set.time.seconds, set.id);
  }
  size_t count = updaters.size();
  if (count <= kUpdateManagersMax) return;
  std::sort(updaters.begin(), updaters.end());
  std::map<std::string, ManagerId> first_of_version;
  for (const auto& [seconds, id] : updaters) {
    if (count <= kUpdateManagersMax) return;
    ManagedSet old = *find(id);
    auto [first, fresh] = first_of_version.try_emplace(old.api_version, id);
    if (fresh) continue;
    ManagerId bucket = ManagerId::of(kAncientChanges, "Update", old.api_version, "");
    if (find(bucket) == nullptr) {
      FieldSet fields = find(first->second)->fields;
      erase(first->second);
      ensure(bucket, old.api_version).set_fields(std::move(fields));
    }
    erase(id);
    ManagedSet& united = ensure(bucket, old.api_version);
    united.set_fields(unite(std::move(old.fields), std::move(united.fields)));
    united.time = old.time;  // the latest so far
    --count;
  }
}

}  // namespace schema::apply
