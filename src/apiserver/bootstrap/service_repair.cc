#include "apiserver/bootstrap/service_repair.h"

#include <cstdio>

#include "apiserver/bootstrap/own_call.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/loop.h"

namespace apiserver {
namespace {

constexpr io::Duration kEvery = std::chrono::minutes(3);

// As upstream names events: what they are about, and when.
std::string event_name(std::string_view about, int64_t now_ns) {
  char moment[17];
  snprintf(moment, sizeof moment, "%llx", static_cast<unsigned long long>(now_ns));
  return base::cat({about, ".", moment});
}

}  // namespace

ServiceRepair::ServiceRepair(Registry& registry, base::Clock& clock) : registry_(registry), clock_(clock) {}

io::Task<void> ServiceRepair::run() {
  for (;;) {
    if (auto done = co_await run_once(); !done)
      LOG_WARNING("The addresses and ports of services could not be looked at", {"err", done.error().message()});
    co_await io::sleep(kEvery);
  }
}

io::Task<base::Result<void>> ServiceRepair::run_once() {
  CO_TRY(auto findings, co_await registry_.allocations().repair(leaks_));
  for (auto& finding : findings) co_await tell(std::move(finding));
  co_return {};
}

io::Task<void> ServiceRepair::tell(Allocations::Finding finding) {
  bool about_port = finding.reason.starts_with("Port");
  bool about_service = finding.about.kind == "Service";
  api::core_v1::Event event;
  event.metadata.namespace_ = about_service ? finding.about.namespace_ : "default";
  event.metadata.name = event_name(finding.about.name, clock_.wall_ns());
  event.involved_object = finding.about;
  event.reason = finding.reason;
  event.message = finding.message;
  event.type = "Warning";
  event.action = about_port ? "PortAllocation" : about_service ? "ClusterIPAllocation" : "IPAddressAllocation";
  event.event_time = base::Time::from_ns(clock_.wall_ns()).truncated_to_micros();
  event.reporting_component = about_port ? "portallocator-repair-controller" : "ipallocator-repair-controller";
  event.reporting_instance = event.reporting_component;
  const Served& served = registry_.catalog().of<api::core_v1::Event>();
  auto call = own_call(served, event.metadata, "create");
  auto made = co_await registry_.create_object(call, served, schema::Object(std::move(event)), {});
  if (!made) {
    LOG_WARNING(finding.message, {"object", finding.about.name}, {"err", made.error().message()});
  }
}

}  // namespace apiserver
