// The health of parts, as old tools ask for it: the store's, which is the only one this server can speak for.

#include "api/core_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/subresource/handlers.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

core::ComponentStatus healthy(const char* name) {
  core::ComponentStatus status;
  status.metadata.name = name;
  auto& condition = status.conditions.emplace_back();
  condition.type = "Healthy";
  condition.status = "True";
  condition.message = "ok";
  return status;
}

}  // namespace

HandlerTask handle_component_statuses(Desk desk, Call& call, const Served& served) {
  constexpr const char* kNames[] = {"controller-manager", "etcd-0", "scheduler"};
  if (call.info.verb == "get") {
    for (const char* name : kNames) {
      if (call.info.name == name) co_return Answer::of(schema::Object(healthy(name)), 200, &served);
    }
    co_return base::fail(not_found("", "componentstatuses", call.info.name));
  }
  core::ComponentStatusList list;
  for (const char* name : kNames) list.items.push_back(healthy(name));
  co_return Answer::of(schema::Object(std::move(list)), 200, &served);
}

}  // namespace apiserver
