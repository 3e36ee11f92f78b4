// Deleting: at once, after a time of grace, or when the last finalizer is gone. Kubernetes documentation, "Finalizers",
// "Garbage Collection"; API conventions, "deletion".

#include <algorithm>

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/selection.h"
#include "apiserver/registry/strategy/delete_warnings.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";
constexpr int kTriesMax = 100;

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// What the options say about dependents; what they leave open a finalizer that is there already decides.
void settle_propagation(meta::ObjectMeta& object, const meta::DeleteOptions& options, bool orphans_by_default) {
  bool orphan = has(object.finalizers, kOrphan);
  bool foreground = !orphan && has(object.finalizers, kForeground);
  if (!orphan && !foreground) orphan = orphans_by_default;
  if (options.orphan_dependents) {
    orphan = *options.orphan_dependents;
    foreground = false;
  } else if (options.propagation_policy) {
    orphan = *options.propagation_policy == "Orphan";
    foreground = *options.propagation_policy == "Foreground";
  }
  if (orphan == has(object.finalizers, kOrphan) && foreground == has(object.finalizers, kForeground)) return;
  std::erase(object.finalizers, std::string(kOrphan));
  std::erase(object.finalizers, std::string(kForeground));
  if (orphan) object.finalizers.emplace_back(kOrphan);
  if (foreground) object.finalizers.emplace_back(kForeground);
}

base::Result<void> check_preconditions(const Served& served, const meta::ObjectMeta& object,
                                       const meta::DeleteOptions& options) {
  if (!options.preconditions) return {};
  const auto& row = served.row();
  if (options.preconditions->uid && *options.preconditions->uid != object.uid) {
    return base::fail(conflict(
        row.group, row.kind, object.name,
        base::cat({"the UID in the precondition (", *options.preconditions->uid, ") does not match the UID in record (",
                   object.uid, "). The object might have been deleted and then recreated"})));
  }
  if (options.preconditions->resource_version && *options.preconditions->resource_version != object.resource_version) {
    return base::fail(
        conflict(row.group, row.kind, object.name,
                 base::cat({"the ResourceVersion in the precondition (", *options.preconditions->resource_version,
                            ") does not match the ResourceVersion in record (", object.resource_version,
                            "). The object might have been modified"})));
  }
  return {};
}

// What is to become of the object.
struct Verdict {
  enum class Kind : uint8_t { Remove, Update, Keep } kind = Kind::Remove;
  bool graceful = false;  // it had been given time, even if none was left
};

void mark(meta::ObjectMeta& object, base::Time at, int64_t grace_seconds) {
  object.deletion_timestamp = base::Time{at.seconds + grace_seconds, 0};
  object.deletion_grace_period_seconds = grace_seconds;
}

Verdict decide(const Served& served, schema::Object& object, const meta::DeleteOptions& options, base::Time now) {
  auto& meta = object.meta();
  Verdict verdict;
  bool counted = false;
  if (!meta.deletion_timestamp.is_zero()) {
    // Under way: the time that is left can only get shorter.
    if (meta.deletion_grace_period_seconds && served.strategy().grace_seconds(options, object)) {
      int64_t left = *meta.deletion_grace_period_seconds;
      if (!options.grace_period_seconds || *options.grace_period_seconds >= left) {
        if (left > 0 || !meta.finalizers.empty()) return {Verdict::Kind::Keep, true};
        return {Verdict::Kind::Remove, true};
      }
      int64_t grace = *options.grace_period_seconds;
      base::Time begun{meta.deletion_timestamp.seconds - left, 0};
      mark(meta, begun, grace);
      verdict.graceful = true;
      counted = true;
      settle_propagation(meta, options, served.traits().orphans_by_default);
      verdict.kind = grace > 0 || !meta.finalizers.empty() ? Verdict::Kind::Update : Verdict::Kind::Remove;
      return verdict;
    }
  } else if (auto grace = served.strategy().grace_seconds(options, object)) {
    mark(meta, now, *grace);
    if (meta.generation > 0) ++meta.generation;
    counted = true;
    settle_propagation(meta, options, served.traits().orphans_by_default);
    verdict.graceful = true;
    verdict.kind = *grace > 0 || !meta.finalizers.empty() ? Verdict::Kind::Update : Verdict::Kind::Remove;
    return verdict;
  }
  auto before = meta.finalizers;
  settle_propagation(meta, options, served.traits().orphans_by_default);
  if (meta.finalizers.empty()) return verdict;
  // No grace, but someone has to clean up first.
  if (!counted && !meta.deletion_grace_period_seconds && meta.generation > 0) ++meta.generation;
  if (meta.deletion_timestamp.is_zero() || meta.deletion_timestamp.seconds > now.seconds) {
    meta.deletion_timestamp = now.truncated_to_seconds();
  }
  meta.deletion_grace_period_seconds = 0;
  verdict.kind = Verdict::Kind::Update;
  return verdict;
}

schema::Object success(const Served& served, const meta::ObjectMeta& object) {
  meta::Status status;
  status.status = "Success";
  auto& details = status.details.emplace();
  details.name = object.name;
  details.group = served.row().group;
  details.kind = served.row().plural;
  details.uid = object.uid;
  return schema::Object(std::move(status));
}

}  // namespace

io::Task<base::Result<Answer>> Registry::remove(Call& call, const Served& served) {
  CO_TRY(auto options, read_delete_options(call));
  warn_about_delete(served, options, call.warnings);
  std::string namespace_ = served.row().namespaced ? call.info.namespace_ : std::string();
  CO_TRY(auto object, co_await remove_object(call, served, namespace_, call.info.name, std::move(options)));
  co_return Answer::of(std::move(object), 200, &served);
}

io::Task<base::Result<schema::Object>> Registry::remove_object(Call& call, const Served& served, std::string namespace_,
                                                               std::string name, meta::DeleteOptions options,
                                                               bool admitted) {
  const auto& row = served.row();
  const std::string key = served.key(namespace_, name);
  const bool dry_run = !options.dry_run.empty();
  for (int i = 0; i < kTriesMax; ++i) {
    CO_TRY(auto entry, co_await options_.store.get(key));
    if (entry == nullptr) co_return base::fail(not_found(row.group, row.plural, name));
    CO_TRY(auto current, co_await decode(served, entry));
    Attempt attempt{.operation = Operation::Delete,
                    .served = served,
                    .subresource = {},
                    .namespace_ = namespace_,
                    .name = name,
                    .user = call.user,
                    .dry_run = dry_run,
                    .object = nullptr,
                    .current = &current,
                    .warnings = call.warnings,
                    .reader = reader_,
                    .now = now(),
                    .audit_annotations = &call.audit_annotations,
                    .call = &call,
                    .delete_options = &options};
    if (!admitted) {
      CO_TRY(co_await options_.admission.admit(attempt));
      CO_TRY(co_await options_.admission.validate(attempt));
    }
    CO_TRY(check_preconditions(served, current.meta(), options));
    Situation situation{served, call.user, "", now(), call.warnings};
    CO_TRY(served.strategy().allow_delete(situation, current));

    schema::Object next = current;
    Verdict verdict = decide(served, next, options, now());
    served.strategy().mark_deleting(situation, next);
    if (verdict.kind == Verdict::Kind::Keep) co_return current;
    bool removes = verdict.kind == Verdict::Kind::Remove && !served.strategy().outlives_delete(next);
    CO_TRY(auto bytes, co_await encode(served, next));
    // What is being deleted already is not written again for being told so.
    if (!removes && bytes.view() == entry->value.view()) co_return current;
    if (!dry_run) {
      bool lost = false;
      CO_TRY(auto written,
             co_await options_.store.update(key, [&](const store::Entry* there) -> base::Result<store::Change> {
               lost = there == nullptr || there->revision != entry->revision;
               if (lost) return store::Change::keep();
               return removes ? store::Change::remove() : store::Change::put(bytes);
             }));
      if (lost) continue;
      next.meta().resource_version = std::to_string(written.entry->revision);
      if (removes) co_await options_.allocations.release(current, nullptr);
    }
    if (!removes) co_return next;
    if (!served.traits().returns_deleted_object) co_return success(served, current.meta());
    co_return next;
  }
  co_return base::fail(
      conflict(row.group, row.plural, name,
               "the object has been modified; please apply your changes to the latest version and try again"));
}

io::Task<base::Result<Answer>> Registry::remove_collection(Call& call, const Served& served) {
  CO_TRY(auto options, read_delete_options(call));
  warn_about_delete(served, options, call.warnings);
  CO_TRY(auto query, read_list_query(call.query, served, false));
  CO_TRY(auto page,
         co_await select_page(options_.store, served, call.info.namespace_, std::move(query), conversion_to(served)));
  for (const auto& entry : page.entries) {
    auto tail = served.tail(entry->key);
    auto slash = tail.find('/');
    std::string namespace_(served.row().namespaced ? tail.substr(0, slash) : std::string_view());
    std::string name(served.row().namespaced ? tail.substr(slash + 1) : tail);
    auto removed = co_await remove_object(call, served, std::move(namespace_), std::move(name), options);
    if (!removed && removed.error().code() != base::Code::NotFound) co_return base::fail(std::move(removed).error());
  }
  Answer answer;
  answer.served = &served;
  answer.page = std::move(page);
  co_return answer;
}

}  // namespace apiserver
