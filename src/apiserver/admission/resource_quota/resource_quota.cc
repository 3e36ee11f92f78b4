// A namespace gets no more than its quotas allow. What a new object uses is added to the quota's status before it is
// made; what that gets wrong when the write then fails a controller mends. Kubernetes documentation, "Resource Quotas".

#include "api/core_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"
#include "quota/usage.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

using quota::Amounts;

Amounts usage_of(const Served& served, const schema::Object& object, base::Time now) {
  if (const auto* pod = object.get_if<core::Pod>()) return quota::usage_of(*pod, now);
  if (const auto* service = object.get_if<core::Service>()) return quota::usage_of(*service);
  if (const auto* claim = object.get_if<core::PersistentVolumeClaim>()) return quota::usage_of(*claim);
  return quota::usage_of_objects(served.row().group, served.row().plural, 1);
}

// What an update uses more than what was there.
Amounts growth(Amounts next, const Amounts& before) {
  for (const auto& [name, amount] : before) {
    auto at = next.find(name);
    if (at == next.end()) continue;
    if (at->second <= amount) {
      next.erase(at);
    } else {
      at->second -= amount;
    }
  }
  return next;
}

bool applies(const core::ResourceQuota& quota, const schema::Object& object) {
  if (!quota::has_scopes(quota.spec)) return true;
  if (const auto* pod = object.get_if<core::Pod>()) return quota::covers(quota.spec, *pod);
  const auto* claim = object.get_if<core::PersistentVolumeClaim>();
  return claim != nullptr && quota::covers(quota.spec, *claim);
}

// What a quota counts has to be stated: which containers leave which of its names open.
std::string missing(const core::ResourceQuota& quota, const core::Pod& pod) {
  std::string text;
  for (const auto& [name, hard] : quota.status.hard) {
    std::string_view resource = name;
    bool limit = resource.starts_with("limits.");
    if (limit) resource.remove_prefix(7);
    if (resource.starts_with("requests.")) resource.remove_prefix(9);
    if (resource != "cpu" && resource != "memory") continue;
    std::vector<std::string> containers;
    auto look = [&](const auto& list) {
      for (const auto& container : list) {
        const auto& stated = limit ? container.resources.limits : container.resources.requests;
        if (!stated.contains(resource)) containers.push_back(container.name);
      }
    };
    look(pod.spec.containers);
    look(pod.spec.init_containers);
    if (containers.empty()) continue;
    if (!text.empty()) text += "; ";
    text += base::cat({name, " for: ", base::join(containers, ",")});
  }
  return text;
}

std::string list(const Amounts& amounts) {
  std::string text;
  for (const auto& [name, amount] : amounts)
    text += base::cat({text.empty() ? "" : ",", name, "=", amount.to_string()});
  return text;
}

class ResourceQuotaPlugin final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "ResourceQuota"; }

  bool handles(const Attempt& attempt) const override {
    if (attempt.operation == Operation::Update) {
      return (attempt.is("pods") && attempt.subresource == "resize") ||
             ((attempt.is("services") || attempt.is("persistentvolumeclaims")) && attempt.subresource.empty());
    }
    return attempt.operation == Operation::Create && attempt.subresource.empty() && attempt.served.row().namespaced &&
           attempt.served.is_stored() && !attempt.is("resourcequotas") && !attempt.is("events");
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    CO_TRY(auto quotas, co_await attempt.reader.look_at_all<core::ResourceQuota>(std::string(attempt.namespace_)));
    if (quotas.empty()) co_return {};
    Amounts usage = usage_of(attempt.served, *attempt.object, attempt.now);
    if (attempt.current != nullptr) {
      usage = growth(std::move(usage), usage_of(attempt.served, *attempt.current, attempt.now));
    }
    if (usage.empty()) co_return {};
    for (const auto& quota : quotas) {
      if (!applies(*quota, *attempt.object)) continue;
      CO_TRY(co_await charge(attempt, *quota, usage));
    }
    co_return {};
  }

 private:
  static base::Result<void> check(const Attempt& attempt, const core::ResourceQuota& quota, const Amounts& usage,
                                  Amounts& added) {
    added.clear();
    Amounts requested;
    Amounts used;
    Amounts limited;
    for (const auto& [name, hard] : quota.status.hard) {
      auto wanted = usage.find(name);
      if (wanted == usage.end()) continue;
      added.emplace(name, wanted->second);
      base::Quantity before;
      if (auto at = quota.status.used.find(name); at != quota.status.used.end()) before = at->second;
      if (before + wanted->second <= hard) continue;
      requested.emplace(name, wanted->second);
      used.emplace(name, before);
      limited.emplace(name, hard);
    }
    if (requested.empty()) return {};
    return attempt.refuse(base::cat({"exceeded quota: ", quota.metadata.name, ", requested: ", list(requested),
                                     ", used: ", list(used), ", limited: ", list(limited)}));
  }

  static io::Task<base::Result<void>> charge(const Attempt& attempt, const core::ResourceQuota& quota,
                                             const Amounts& usage) {
    if (const auto* pod = attempt.object->get_if<core::Pod>()) {
      std::string open = missing(quota, *pod);
      if (!open.empty())
        co_return attempt.refuse(base::cat({"failed quota: ", quota.metadata.name, ": must specify ", open}));
    }
    const Served& served = attempt.reader.catalog().of<core::ResourceQuota>();
    auto charged =
        co_await attempt.reader.store().update(served.key(attempt.namespace_, quota.metadata.name),
                                               [&](const store::Entry* current) -> base::Result<store::Change> {
                                                 if (current == nullptr) return store::Change::keep();
                                                 TRY(auto object, served.decode(*current));
                                                 auto& now = object.as<core::ResourceQuota>();
                                                 Amounts added;
                                                 TRY(check(attempt, now, usage, added));
                                                 if (added.empty() || attempt.dry_run) return store::Change::keep();
                                                 for (const auto& [name, amount] : added)
                                                   now.status.used[name] += amount;
                                                 return store::Change::put(base::Bytes(served.encode(object)));
                                               });
    if (!charged) co_return base::fail(std::move(charged).error());
    co_return {};
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_resource_quota() {
  return std::make_unique<ResourceQuotaPlugin>();
}

}  // namespace apiserver
