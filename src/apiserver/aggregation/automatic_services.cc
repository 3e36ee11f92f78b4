#include "apiserver/aggregation/automatic_services.h"

#include <algorithm>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/apiregistration_k8s_io_v1.h"
#include "base/log.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace registration = api::apiregistration_k8s_io_v1;
using Definition = api::apiextensions_k8s_io_v1::CustomResourceDefinition;

constexpr const char* kAutomatic = "kube-aggregator.kubernetes.io/automanaged";
constexpr int32_t kGroupPriority = 1000;  // lower than any group of our own
constexpr int32_t kVersionPriority = 100;
constexpr auto kAgainAfter = std::chrono::seconds(1);

bool is_ours(const api::meta_v1::ObjectMeta& meta) {
  auto label = meta.labels.find(kAutomatic);
  return label != meta.labels.end() && label->second == "true";
}

Call own_call(const char* method) {
  Call call;
  call.method = method;
  call.user.name = "system:apiserver";
  call.user.groups = {std::string(kMastersGroup), std::string(kAuthenticatedGroup)};
  call.user_agent = "kube-apiserver";
  return call;
}

// What the APIService should become; as it is when it is not ours.
io::Task<base::Result<schema::Object>> wanted(const schema::Object* current, std::string name, std::string group,
                                              std::string version) {
  registration::APIService service;
  if (current != nullptr) {
    if (!is_ours(current->meta())) co_return *current;
    service = current->as<registration::APIService>();
  }
  service.metadata.name = std::move(name);
  service.metadata.labels[kAutomatic] = "true";
  service.spec = {};
  service.spec.group = std::move(group);
  service.spec.version = std::move(version);
  service.spec.group_priority_minimum = kGroupPriority;
  service.spec.version_priority = kVersionPriority;
  co_return schema::Object(std::move(service));
}

}  // namespace

AutomaticServices::AutomaticServices(Registry& registry)
    : registry_(registry),
      services_(registry.catalog().of<registration::APIService>()),
      definitions_(
          registry.store(), registry.catalog().of<Definition>(),
          [this](const schema::Object& object) { put_definition(object); },
          [this](const std::string&, const std::string& name) { remove_definition(name); }),
      made_(
          registry.store(), services_, [this](const schema::Object& object) { put_service(object); },
          [this](const std::string&, const std::string& name) { look_at(name); }) {}

void AutomaticServices::put_definition(const schema::Object& object) {
  const auto& definition = object.as<Definition>();
  std::set<GroupVersion> now;
  for (const auto& version : definition.spec.versions) {
    if (version.served) now.emplace(definition.spec.group, version.name);
  }
  auto& known = served_by_[definition.metadata.name];
  auto before = std::exchange(known, now);
  before.merge(now);
  for (const auto& one : before) {
    auto name = base::cat({one.second, ".", one.first});
    named_.emplace(name, one);
    look_at(name);
  }
}

void AutomaticServices::remove_definition(const std::string& name) {
  auto known = served_by_.find(name);
  if (known == served_by_.end()) return;
  auto before = std::move(known->second);
  served_by_.erase(known);
  for (const auto& [group, version] : before) look_at(base::cat({version, ".", group}));
}

void AutomaticServices::put_service(const schema::Object& object) {
  const auto& service = object.as<registration::APIService>();
  if (!is_ours(service.metadata)) return;
  named_.emplace(service.metadata.name, GroupVersion(service.spec.group, service.spec.version));
  look_at(service.metadata.name);
}

void AutomaticServices::look_at(const std::string& name) {
  if (!named_.contains(name)) return;
  due_.insert(name);
  stirred_.set();
}

bool AutomaticServices::is_served(const GroupVersion& version) const {
  return std::ranges::any_of(served_by_, [&](const auto& one) { return one.second.contains(version); });
}

io::Task<void> AutomaticServices::run() {
  scope_.spawn(definitions_.run());
  scope_.spawn(made_.run());
  // Until all definitions are known, what seems to be left over may not be.
  co_await definitions_.wait_synced();
  co_await made_.wait_synced();
  for (;;) {
    co_await stirred_.wait();
    stirred_.reset();
    for (const auto& name : std::exchange(due_, {})) {
      auto done = co_await reconcile(name);
      if (done) continue;
      if (done.error().code() == base::Code::Closed || done.error().code() == base::Code::Cancelled) co_return;
      LOG_WARNING("APIService of custom resources cannot be kept", {"name", name}, {"err", done.error().message()});
      co_await io::sleep(kAgainAfter);
      look_at(name);
    }
  }
}

io::Task<base::Result<void>> AutomaticServices::reconcile(std::string name) {
  auto known = named_.find(name);
  if (known == named_.end()) co_return {};  // settled while this look at it was due
  auto [group, version] = known->second;
  auto current = co_await registry_.reader().get_object(services_, "", name);
  bool absent = !current && current.error().code() == base::Code::NotFound;
  if (!current && !absent) co_return base::fail(current.error());
  if (!is_served({group, version})) {
    if (!absent && is_ours(current->meta()) && current->meta().deletion_timestamp.is_zero()) {
      Call call = own_call("DELETE");
      auto removed = co_await registry_.remove_object(call, services_, "", name, {});
      if (!removed && removed.error().code() != base::Code::NotFound) co_return base::fail(removed.error());
    }
    if (!is_served({group, version})) named_.erase(name);  // it may have come back meanwhile
    co_return {};
  }
  CO_TRY(auto next, co_await wanted(absent ? nullptr : &*current, name, group, version));
  if (absent) {
    Call call = own_call("POST");
    auto made = co_await registry_.create_object(call, services_, std::move(next), {});
    if (!made && made.error().code() != base::Code::AlreadyExists) co_return base::fail(made.error());
    co_return {};
  }
  if (next == *current) co_return {};
  Call call = own_call("PUT");
  auto written = co_await registry_.write(
      call, services_, "", name,
      [name, group, version](const schema::Object* before) { return wanted(before, name, group, version); },
      WriteOptions{});
  if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
  co_return {};
}

}  // namespace apiserver
