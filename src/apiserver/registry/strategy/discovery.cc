// What tells others where something is, who leads and what happened: endpoint slices, API services, leases, events.

#include "api/coordination_k8s_io_v1.h"
#include "api/events_k8s_io_v1.h"
#include "apiserver/registry/conversion.h"
#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/api_service.h"
#include "apiserver/registry/validation/endpoint_slice.h"
#include "apiserver/registry/validation/event.h"
#include "apiserver/registry/validation/lease.h"

namespace apiserver {
namespace {

namespace coordination = api::coordination_k8s_io_v1;
namespace discovery = api::discovery_k8s_io_v1;
namespace registration = api::apiregistration_k8s_io_v1;
using schema::FieldErrors;
using schema::Object;

// The topology that older versions had is kept where it is, and taken from nobody else.
class EndpointSliceStrategy final : public ByRules<discovery::EndpointSlice> {
 public:
  EndpointSliceStrategy()
      : ByRules({.traits = {.generation = GenerationRule::OnSpecAndLabels, .update_checks_whole_metadata = true},
                 .validate = validate_endpoint_slice,
                 .warn = warn_about_endpoint_slice}) {}

 protected:
  void born(const Situation&, discovery::EndpointSlice& next) const override { drop_topology(next); }
  void changed(const Situation&, discovery::EndpointSlice& next,
               const discovery::EndpointSlice& current) const override {
    for (const auto& endpoint : current.endpoints) {
      if (!endpoint.deprecated_topology.empty()) return;
    }
    drop_topology(next);
  }

 private:
  static void drop_topology(discovery::EndpointSlice& slice) {
    for (auto& endpoint : slice.endpoints) endpoint.deprecated_topology.clear();
  }
};

// What the server itself serves is there from the start.
class ApiServiceStrategy final : public ByRules<registration::APIService> {
 public:
  ApiServiceStrategy()
      : ByRules(
            {.traits = {.unconditional_update = false,
                        .name_rule = NameRule::PathSegment,
                        .metadata_rule = MetadataRule::Generic,
                        .update_checks_whole_metadata = true},
             .validate = [](const registration::APIService& next,
                            const registration::APIService*) { return validate_api_service(next); },
             .validate_status = [](const registration::APIService& next,
                                   const registration::APIService&) { return validate_api_service_status(next); }}) {}

 protected:
  void born(const Situation& situation, registration::APIService& service) const override {
    if (service.spec.service) return;
    auto& condition = service.status.conditions.emplace_back();
    condition.type = "Available";
    condition.status = "True";
    condition.reason = "Local";
    condition.message = "Local APIServices are always available";
    condition.last_transition_time = situation.now.truncated_to_seconds();
  }
};

// How leaders are agreed upon is not for leases to say while the server does not take part in it.
class LeaseStrategy final : public ByRules<coordination::Lease> {
 public:
  LeaseStrategy()
      : ByRules({.traits = {.create_on_update = true,
                            .unconditional_update = false,
                            .metadata_rule = MetadataRule::Generic},
                 .validate = [](const coordination::Lease& next, const coordination::Lease*) {
                   return validate_lease(next);
                 }}) {}

 protected:
  void born(const Situation&, coordination::Lease& next) const override { drop_strategy(next); }
  void changed(const Situation&, coordination::Lease& next, const coordination::Lease& current) const override {
    if (!current.spec.strategy) drop_strategy(next);
  }

 private:
  static void drop_strategy(coordination::Lease& lease) {
    lease.spec.strategy.reset();
    lease.spec.preferred_holder.reset();
  }
};

// Events come by two roads to one store; the rules are those of the form that is stored.
class EventStrategy final : public Strategy {
 public:
  explicit EventStrategy(EventRoad road) : road_(road) {}
  Traits traits() const override {
    if (road_ == EventRoad::Events) return {.create_on_update = true};
    return {.create_on_update = true, .name_rule = NameRule::PathSegment, .metadata_rule = MetadataRule::None};
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_event(stored(next), nullptr, road_);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    auto before = stored(current);
    return validate_event(stored(next), &before, road_);
  }

 private:
  using Event = api::core_v1::Event;
  static Event stored(const Object& object) {
    if (const auto* one = object.get_if<Event>()) return *one;
    auto converted = convert(object, Event::kType);
    return converted ? std::move(*converted).take<Event>() : Event();
  }

  const EventRoad road_;
};

}  // namespace

void add_discovery_strategies(StrategyMap& all) {
  all["endpointslices.discovery.k8s.io"] = std::make_unique<EndpointSliceStrategy>();
  all["apiservices.apiregistration.k8s.io"] = std::make_unique<ApiServiceStrategy>();
  all["leases.coordination.k8s.io"] = std::make_unique<LeaseStrategy>();
  all["events"] = std::make_unique<EventStrategy>(EventRoad::Core);
  all["events.events.k8s.io"] = std::make_unique<EventStrategy>(EventRoad::Events);
}

}  // namespace apiserver
