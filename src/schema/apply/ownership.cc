#include "schema/apply/ownership.h"

#include <map>

namespace schema::apply {
namespace {

// What is never owned.
const FieldSet& unowned() {
  static const FieldSet set = FieldSet::of({{"apiVersion"},
                                            {"kind"},
                                            {"metadata"},
                                            {"metadata", "name"},
                                            {"metadata", "namespace"},
                                            {"metadata", "creationTimestamp"},
                                            {"metadata", "selfLink"},
                                            {"metadata", "uid"},
                                            {"metadata", "clusterName"},
                                            {"metadata", "generation"},
                                            {"metadata", "managedFields"},
                                            {"metadata", "resourceVersion"}});
  return set;
}

// What a write did to fields that can be owned.
struct Changes {
  FieldSet set;  // modified or added
  FieldSet removed;
};

Changes changes_of(const FieldFilter& filter, Comparison comparison) {
  return {filter.of(unite(std::move(comparison.modified), std::move(comparison.added))),
          filter.of(std::move(comparison.removed))};
}

// Fields of versions that are no more are forgotten; where the schema became another, they follow it.
void follow_schema(Managed& managed, const Versions& versions, std::string_view api_version, const ValueAt& live_at,
                   const std::function<Value()>& live) {
  std::erase_if(managed.sets(), [&](const ManagedSet& set) { return !versions.type(set.api_version); });
  for (auto& set : managed.sets()) {
    TypeRef type = *versions.type(set.api_version);
    if (set.api_version == api_version) {
      if (auto next = reconciled(type, set.fields, live_at)) set.set_fields(std::move(*next));
      continue;
    }
    std::optional<Value> converted;  // made when it is asked for
    ValueAt at = [&](const Path& path) -> std::optional<Value> {
      if (!converted) {
        auto tree = versions.convert(live(), set.api_version);
        converted = tree ? std::move(*tree) : Value();
      }
      return value_at(type, *converted, path);
    };
    if (auto next = reconciled(type, set.fields, at)) set.set_fields(std::move(*next));
  }
}

struct Transition {
  const Versions& versions;
  std::string_view api_version;
  const FieldFilter& filter;
  std::function<Value()> live;
  std::function<Value()> next;
};

// Takes from everybody but `manager` what a change took from him. Without `force` nothing is taken but what is gone,
// and the others' fields that would have changed are conflicts.
base::Result<std::vector<Conflict>> yield_fields(Managed& managed, const Transition& change, const Changes& own,
                                                 const ManagerId& manager, bool force) {
  std::map<std::string, Changes, std::less<>> of_others;  // by version
  std::vector<Conflict> conflicts;
  std::vector<std::pair<ManagedSet*, FieldSet>> losses;
  for (auto& set : managed.sets()) {
    if (set.id == manager) continue;
    const Changes* changes = &own;
    if (set.api_version != change.api_version) {
      auto at = of_others.find(set.api_version);
      if (at == of_others.end()) {
        TRY(auto before, change.versions.convert(change.live(), set.api_version));
        TRY(auto after, change.versions.convert(change.next(), set.api_version));
        auto type = change.versions.type(set.api_version);
        at = of_others.emplace(set.api_version, changes_of(change.filter, compare(*type, before, after))).first;
      }
      changes = &at->second;
    }
    FieldSet contested = intersect(set.fields, changes->set);
    contested.each([&](const Path& path) { conflicts.push_back({set.id, path}); });
    FieldSet lost = unite(std::move(contested), intersect(set.fields, changes->removed));
    if (!lost.empty()) losses.emplace_back(&set, std::move(lost));
  }
  if (!force && !conflicts.empty()) return conflicts;
  for (auto& [set, lost] : losses) set->set_fields(subtract(std::move(set->fields), lost));
  managed.erase_empty();
  return std::vector<Conflict>();
}

// The union of what is owned in each version.
std::map<std::string, FieldSet, std::less<>> owned_by_version(const Managed& managed) {
  std::map<std::string, FieldSet, std::less<>> owned;
  for (const auto& set : managed.sets()) {
    auto& all = owned[set.api_version];
    all = unite(std::move(all), set.fields);
  }
  return owned;
}

// What the manager applied last time and not now is removed, unless somebody has it or it hangs on what stays.
class Pruning {
 public:
  Pruning(const Versions& versions, const Managed& managed) : versions_(versions), managed_(managed) {}

  base::Result<Value> run(const Value& merged, const FieldSet& last, std::string_view last_version,
                          std::string_view api_version) {
    if (last.empty()) return merged;
    auto type = versions_.type(last_version);
    if (!type) return merged;
    TRY(auto full, versions_.convert(merged, last_version));
    Value pruned = remove_fields(*type, full, with_named_fields(*type, last));
    keep_head(pruned, full);
    auto owned = owned_by_version(managed_);
    // The version pruned in comes first: what conversion needs is back before anything is converted.
    if (auto own = owned.find(last_version); own != owned.end()) {
      TRY(pruned, add_back_owned(full, pruned, last_version, own->second));
      owned.erase(own);
    }
    for (const auto& [version, fields] : owned) {
      TRY(pruned, add_back_owned(full, pruned, version, fields));
    }
    TRY(pruned, versions_.convert(pruned, last_version));
    pruned = add_back_dangling(*type, full, pruned, last);
    keep_head(pruned, full);
    return versions_.convert(pruned, api_version);
  }

 private:
  // What says of which kind and version a tree is stays in it.
  static void keep_head(Value& pruned, const Value& full) {
    if (!pruned.is_object()) pruned = Value(Value::Object());
    for (std::string_view name : {"apiVersion", "kind"}) {
      const Value* value = full.find(name);
      if (value != nullptr && pruned.find(name) == nullptr) pruned.as_object().set(name, *value);
    }
  }

  base::Result<Value> add_back_owned(const Value& merged, const Value& pruned, std::string_view version,
                                     const FieldSet& owned) {
    auto type = versions_.type(version);
    if (!type) return pruned;
    TRY(auto full, versions_.convert(merged, version));
    TRY(auto part, versions_.convert(pruned, version));
    FieldSet all = with_named_fields(*type, field_set(*type, full));
    FieldSet kept = unite(with_named_fields(*type, field_set(*type, part)), with_named_fields(*type, owned));
    Value out = remove_fields(*type, full, subtract(all, kept));
    keep_head(out, full);
    return out;
  }

  static Value add_back_dangling(const TypeRef& type, const Value& full, const Value& pruned, const FieldSet& last) {
    FieldSet all = with_named_fields(type, field_set(type, full));
    FieldSet kept = with_named_fields(type, field_set(type, pruned));
    return remove_fields(type, full, intersect(subtract(all, kept), with_named_fields(type, last)));
  }

  const Versions& versions_;
  const Managed& managed_;
};

Refusal refusal(std::string_view context, const base::Error& error) {
  return {{}, std::string(context) + error.message()};
}

}  // namespace

base::Result<void> update(Managed& managed, Update update) {
  follow_schema(managed, update.versions, update.api_version, update.live_at, update.live);
  Changes own = changes_of(update.filter, std::move(update.comparison));
  Transition transition{update.versions, update.api_version, update.filter, std::move(update.live),
                        std::move(update.next)};
  // Nobody is spared, the manager's own entry included: what he took comes back to it below.
  TRY(auto conflicts, yield_fields(managed, transition, own, ManagerId(), true));
  FieldSet taken = subtract(std::move(own.set), unowned());
  if (!taken.empty()) {
    ManagedSet& set = managed.ensure(update.manager, update.api_version);
    set.set_fields(unite(std::move(taken), std::move(set.fields)));
    set.time = update.now;
  }
  managed.cap_updaters();
  return {};
}

std::expected<std::optional<Value>, Refusal> apply(Managed& managed, const Apply& apply) {
  auto type = apply.versions.type(apply.api_version);
  if (!type) return std::unexpected(Refusal{{}, "no such version"});
  auto live = [&] { return apply.live; };
  follow_schema(
      managed, apply.versions, apply.api_version, [&](const Path& path) { return value_at(*type, apply.live, path); },
      live);
  auto merged = merge(*type, apply.live, apply.config);
  if (!merged) return std::unexpected(refusal("failed to merge config: ", merged.error()));

  FieldSet last;
  std::string last_version;
  if (ManagedSet* own = managed.find(apply.manager)) {
    last = own->fields;
    last_version = own->api_version;
  }
  managed.ensure(apply.manager, apply.api_version).set_fields(apply.filter.of(field_set(*type, apply.config)));
  auto next = Pruning(apply.versions, managed).run(*merged, last, last_version, apply.api_version);
  if (!next) return std::unexpected(refusal("failed to prune fields: ", next.error()));

  Transition transition{apply.versions, apply.api_version, apply.filter, live, [&] { return *next; }};
  auto conflicts = yield_fields(managed, transition, changes_of(apply.filter, compare(*type, apply.live, *next)),
                                apply.manager, apply.force);
  if (!conflicts) return std::unexpected(refusal("", conflicts.error()));
  if (!conflicts->empty()) return std::unexpected(Refusal{std::move(*conflicts), ""});

  bool changed = apply.live != *next;
  if (ManagedSet* own = managed.find(apply.manager)) {
    own->set_fields(subtract(std::move(own->fields), unowned()));
    if (changed) own->time = apply.now;
    if (own->fields.empty()) managed.erase(apply.manager);
  }
  return changed ? std::optional(std::move(*next)) : std::nullopt;
}

}  // namespace schema::apply
