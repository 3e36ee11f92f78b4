#include "apiserver/crd/definitions.h"

#include <algorithm>

#include "apiserver/crd/kind.h"
#include "apiserver/crd/naming.h"
#include "apiserver/pipeline/errors.h"
#include "base/log.h"

namespace apiserver::crd {
namespace {

constexpr auto kRetryAfter = std::chrono::seconds(1);

Call own_call() {
  Call call;
  call.method = "PUT";
  call.user.name = "system:apiserver";
  call.user.groups = {"system:masters", "system:authenticated"};
  call.user_agent = "kube-apiserver";
  return call;
}

io::Task<base::Result<schema::Object>> changed(std::function<void(Definition&)> change, const schema::Object* current) {
  schema::Object next = *current;
  change(next.as<Definition>());
  co_return next;
}

}  // namespace

Definitions::Definitions(Registry& registry, Catalog& catalog)
    : registry_(registry), catalog_(catalog), served_(catalog.of<Definition>()) {}

io::Task<void> Definitions::run() {
  for (;;) {
    auto ended = co_await follow();
    auto code = ended.error().code();
    if (code == base::Code::Closed || code == base::Code::Cancelled) co_return;
    if (code == base::Code::Expired) continue;
    LOG_WARNING("Custom resource definitions cannot be followed", {"err", ended.error().message()});
    co_await io::sleep(kRetryAfter);
  }
}

// Comes back with the error that ended it.
io::Task<base::Result<void>> Definitions::follow() {
  CO_TRY(auto page, co_await registry_.store().list(served_.prefix(""), {}));
  std::set<std::string> gone;
  for (const auto& [name, entry] : entries_) gone.insert(name);
  for (const auto& entry : page.entries) {
    gone.erase(std::string(served_.tail(entry->key)));
    put(*entry);
  }
  for (const auto& name : gone) remove(name);
  publish();
  synced_.set();
  CO_TRY(auto watch, registry_.store().watch(served_.prefix(""), page.revision));
  for (;;) {
    co_await settle_changed();
    CO_TRY(auto events, co_await watch->next());
    for (const auto& event : events) {
      if (event->kind == store::Event::Kind::Deleted) {
        remove(std::string(served_.tail(event->entry->key)));
      } else {
        put(*event->entry);
      }
    }
    publish();
  }
}

void Definitions::put(const store::Entry& stored) {
  auto object = served_.decode(stored);
  if (!object) {
    LOG_ERROR("Stored definition cannot be read", {"key", stored.key}, {"err", object.error().message()});
    return;
  }
  Entry entry{std::move(*object).take<Definition>(), {}};
  auto known = entries_.find(entry.definition.metadata.name);
  if (known != entries_.end()) {
    const Definition& before = known->second.definition;
    bool same = before.metadata.uid == entry.definition.metadata.uid && before.spec == entry.definition.spec &&
                before.status.accepted_names == entry.definition.status.accepted_names &&
                has_condition(before, "Established") == has_condition(entry.definition, "Established") &&
                has_condition(before, "Terminating") == has_condition(entry.definition, "Terminating");
    if (same) entry.kinds = std::move(known->second.kinds);
  }
  if (entry.kinds.empty()) make_kinds(entry);
  std::string name = entry.definition.metadata.name;
  changed_.insert(entry.definition.spec.group);
  entries_.insert_or_assign(std::move(name), std::move(entry));
}

void Definitions::remove(const std::string& name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) return;
  changed_.insert(found->second.definition.spec.group);
  entries_.erase(found);
}

void Definitions::make_kinds(Entry& entry) const {
  if (!has_condition(entry.definition, "Established")) return;
  for (const auto& version : entry.definition.spec.versions) {
    entry.kinds.push_back(std::make_shared<const Served>(std::make_shared<const Kind>(entry.definition, version)));
  }
}

void Definitions::publish() {
  auto kinds = std::make_shared<CustomKinds>();
  for (const auto& [name, entry] : entries_) {
    const auto& versions = entry.definition.spec.versions;
    for (size_t i = 0; i < entry.kinds.size(); ++i) kinds->add(entry.kinds[i], versions[i].served, versions[i].storage);
  }
  catalog_.publish(std::move(kinds));
}

io::Task<void> Definitions::settle_changed() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (changed_.contains(entry.definition.spec.group)) names.push_back(name);
  }
  changed_.clear();
  for (const auto& name : names) {
    auto settled = co_await settle(name);
    if (!settled && settled.error().code() != base::Code::NotFound) {
      LOG_WARNING("Definition cannot be settled", {"name", name}, {"err", settled.error().message()});
    }
  }
}

io::Task<base::Result<void>> Definitions::settle(std::string name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) co_return base::Result<void>();
  const Definition& definition = found->second.definition;
  if (!definition.metadata.deletion_timestamp.is_zero()) {
    if (has_cleanup_finalizer(definition) && cleaning_.insert(name).second) scope_.spawn(clean_up(name));
    co_return base::Result<void>();
  }
  std::vector<const Definition*> others;
  for (const auto& [other, entry] : entries_) {
    if (other != name && entry.definition.spec.group == definition.spec.group) others.push_back(&entry.definition);
  }
  Definition wanted = definition;
  settle_names(wanted, others, registry_.now());
  if (wanted.status == definition.status) co_return base::Result<void>();
  auto status = wanted.status;
  auto version = definition.metadata.resource_version;
  CO_TRY(co_await write_status(name, [status, version](Definition& next) {
    next.status = status;
    next.metadata.resource_version = version;  // of what was decided on
  }));
  co_return base::Result<void>();
}

io::Task<base::Result<void>> Definitions::write_status(std::string name, std::function<void(Definition&)> change) {
  Call call = own_call();
  WriteOptions options;
  options.part = Part::Status;
  options.subresource = "status";
  auto written = co_await registry_.write(
      call, served_, "", name, [change](const schema::Object* current) { return changed(change, current); },
      std::move(options));
  if (!written && written.error().code() != base::Code::Conflict) co_return base::fail(std::move(written).error());
  auto known = entries_.find(name);
  if (!written || known == entries_.end()) co_return base::Result<void>();
  // Who was overtaken will hear of what is there now.
  Entry& entry = known->second;
  const auto& now = written->object.as<Definition>();
  if (!(now.spec == entry.definition.spec)) co_return base::Result<void>();
  entry.definition = now;
  if (!entry.kinds.empty()) co_return base::Result<void>();
  make_kinds(entry);
  publish();
  co_return base::Result<void>();
}

io::Task<void> Definitions::clean_up(std::string name) {
  for (;;) {
    auto done = co_await clean_up_once(name);
    if (done || done.error().code() == base::Code::NotFound) break;
    auto code = done.error().code();
    if (code == base::Code::Closed || code == base::Code::Cancelled) break;
    LOG_WARNING("Objects of a definition cannot be removed", {"name", name}, {"err", done.error().message()});
    co_await io::sleep(kRetryAfter);
  }
  cleaning_.erase(name);
}

io::Task<base::Result<void>> Definitions::clean_up_once(std::string name) {
  auto found = entries_.find(name);
  if (found == entries_.end()) co_return base::Result<void>();
  std::shared_ptr<const Served> kind;
  const auto& versions = found->second.definition.spec.versions;
  for (size_t i = 0; i < found->second.kinds.size(); ++i) {
    if (versions[i].storage) kind = found->second.kinds[i];
  }
  CO_TRY(co_await write_status(name, [this](Definition& next) {
    set_condition(next, "Terminating", true, "InstanceDeletionInProgress", "CustomResource deletion is in progress",
                  registry_.now());
  }));
  if (kind) CO_TRY(co_await remove_instances(kind));
  CO_TRY(co_await write_status(name, [this](Definition& next) {
    set_condition(next, "Terminating", false, "InstanceDeletionCompleted", "removed all instances", registry_.now());
    std::erase(next.metadata.finalizers, std::string(kCleanupFinalizer));
  }));
  co_return base::Result<void>();
}

// Deletes all there are, and waits for those that somebody else has to let go of first.
io::Task<base::Result<void>> Definitions::remove_instances(std::shared_ptr<const Served> kind) {
  for (;;) {
    CO_TRY(auto page, co_await registry_.store().list(kind->prefix(""), {}));
    if (page.entries.empty()) co_return base::Result<void>();
    for (const auto& entry : page.entries) {
      CO_TRY(auto object, kind->decode(*entry));
      if (!object.meta().deletion_timestamp.is_zero()) continue;
      Call call = own_call();
      auto removed = co_await registry_.remove_object(call, *kind, object.meta().namespace_, object.meta().name, {});
      if (!removed && removed.error().code() != base::Code::NotFound) co_return base::fail(std::move(removed).error());
    }
    CO_TRY(auto watch, registry_.store().watch(kind->prefix(""), page.revision));
    CO_TRY(co_await watch->next());
  }
}

}  // namespace apiserver::crd
