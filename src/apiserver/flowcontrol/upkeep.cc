#include "apiserver/flowcontrol/upkeep.h"

#include "apiserver/bootstrap/own_call.h"
#include "base/log.h"

namespace apiserver {
namespace {

namespace flow = api::flowcontrol_apiserver_k8s_io_v1;

constexpr auto kAgainAfter = std::chrono::seconds(1);
// Upstream's name for whoever keeps the conditions, as managed fields show it.
constexpr const char* kConditionKeeper = "api-priority-and-fairness-config-consumer-v1";
constexpr const char* kSpecKeeper = "api-priority-and-fairness-config-producer-v1";

void put_in(FlowObjects& objects, const schema::Object& object) {
  const auto& name = object.meta().name;
  if (const auto* one = object.get_if<flow::FlowSchema>()) objects.schemas.insert_or_assign(name, *one);
  if (const auto* one = object.get_if<flow::PriorityLevelConfiguration>()) objects.levels.insert_or_assign(name, *one);
}

// `wanted` as it was worked out from a state that is still there.
io::Task<base::Result<schema::Object>> unless_changed(const schema::Object* current, schema::Object wanted) {
  if (current == nullptr || current->meta().resource_version != wanted.meta().resource_version)
    co_return base::fail(base::Code::Conflict, "it has changed meanwhile");
  co_return wanted;
}

}  // namespace

FlowUpkeep::FlowUpkeep(Registry& registry, std::vector<schema::Object> shipped)
    : registry_(registry),
      schemas_(
          registry.store(), registry.catalog().of<flow::FlowSchema>(),
          [this](const schema::Object& object) { put(object); },
          [this](const std::string&, const std::string& name) {
            there_.schemas.erase(name);
            stirred_.set();
          }),
      levels_(
          registry.store(), registry.catalog().of<flow::PriorityLevelConfiguration>(),
          [this](const schema::Object& object) { put(object); },
          [this](const std::string&, const std::string& name) {
            there_.levels.erase(name);
            stirred_.set();
          }) {
  for (const auto& object : shipped) put_in(wanted_, object);
}

void FlowUpkeep::put(const schema::Object& object) {
  put_in(there_, object);
  stirred_.set();
}

io::Task<void> FlowUpkeep::run() {
  scope_.spawn(schemas_.run());
  scope_.spawn(levels_.run());
  co_await schemas_.wait_synced();
  co_await levels_.wait_synced();
  for (;;) {
    co_await stirred_.wait();
    stirred_.reset();
    auto repairs = plan_flow_upkeep(there_, wanted_, registry_.now());
    for (auto& one : repairs) {
      std::string name = one.object.meta().name;
      auto done = co_await repair(std::move(one));
      if (done) continue;
      auto code = done.error().code();
      if (code == base::Code::Closed || code == base::Code::Cancelled) co_return;
      // What has changed meanwhile comes back as an event.
      if (code == base::Code::Conflict || code == base::Code::AlreadyExists || code == base::Code::NotFound) continue;
      LOG_WARNING("Priority and fairness cannot be kept as it should be", {"name", name},
                  {"err", done.error().message()});
      co_await io::sleep(kAgainAfter);
      stirred_.set();
    }
  }
}

io::Task<base::Result<void>> FlowUpkeep::repair(FlowRepair repair) {
  auto object = std::move(repair.object);
  const Served& served = registry_.catalog().of_type(object.type());
  std::string name = object.meta().name;
  switch (repair.what) {
    case FlowRepair::What::Create: {
      auto call = own_call(served, object.meta(), "create");
      auto made = co_await registry_.create_object(call, served, std::move(object), {.field_manager = kSpecKeeper});
      if (!made) co_return base::fail(made.error());
      co_return {};
    }
    case FlowRepair::What::Remove: {
      auto call = own_call(served, object.meta(), "delete");
      auto removed = co_await registry_.remove_object(call, served, "", name, {});
      if (!removed) co_return base::fail(removed.error());
      co_return {};
    }
    case FlowRepair::What::Replace:
    case FlowRepair::What::ReplaceStatus:
      break;
  }
  bool status = repair.what == FlowRepair::What::ReplaceStatus;
  auto call = own_call(served, object.meta(), "update");
  if (status) call.info.subresource = "status";
  auto next = [&object](const schema::Object* current) { return unless_changed(current, object); };
  auto written = co_await registry_.write(call, served, "", name, next,
                                          {.part = status ? Part::Status : Part::Main,
                                           .subresource = call.info.subresource,
                                           .field_manager = status ? kConditionKeeper : kSpecKeeper});
  if (!written) co_return base::fail(written.error());
  co_return {};
}

}  // namespace apiserver
