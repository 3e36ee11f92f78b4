#include "controller/service_cidr/service_cidr.h"

#include <algorithm>

#include "base/ip.h"
#include "client/queue.h"
#include "controller/common/claims.h"
#include "controller/common/ownership.h"

namespace controller {
namespace {

using api::meta_v1::Condition;
using api::networking_k8s_io_v1::IPAddress;
using api::networking_k8s_io_v1::ServiceCIDR;
using base::IpNetwork;
using base::Result;
using client::Key;

constexpr std::string_view kFinalizer = "networking.k8s.io/service-cidr-finalizer";
constexpr std::string_view kManagedBy = "ipaddress.kubernetes.io/managed-by";
// An API server may hand out an address a moment after the range was marked.
constexpr auto kGrace = std::chrono::seconds(10);

std::vector<IpNetwork> networks_of(const ServiceCIDR& range) {
  std::vector<IpNetwork> out;
  for (const auto& text : range.spec.cidrs)
    if (auto network = IpNetwork::parse(text)) out.push_back(*network);
  return out;
}

bool contains(const IpNetwork& outer, const IpNetwork& inner) {
  return outer.is_v4() == inner.is_v4() && outer.prefix_length() <= inner.prefix_length() &&
         outer.contains(inner.address());
}

// Makes the condition so; false when it is so already.
bool set_ready(ServiceCIDR& range, std::string status, std::string reason, std::string message, base::Time now) {
  auto& conditions = range.status.conditions;
  auto found = std::ranges::find(conditions, "Ready", &Condition::type);
  if (found != conditions.end() && found->status == status) return false;
  if (found == conditions.end()) found = conditions.emplace(conditions.end());
  found->type = "Ready";
  found->status = std::move(status);
  found->reason = std::move(reason);
  found->message = std::move(message);
  found->last_transition_time = now;
  return true;
}

class ServiceRanges final : public Controller {
 public:
  explicit ServiceRanges(Context& context)
      : context_(context),
        ranges_(context.caches.of<ServiceCIDR>()),
        addresses_(context.caches.of<IPAddress>()),
        queue_(context.random) {
    ranges_.add_listener([this](const Key& key, const ServiceCIDR*, const ServiceCIDR* now) {
      if (now != nullptr) queue_.add(key);
      look_at_ending();
    });
    addresses_.add_listener([this](const Key&, const IPAddress*, const IPAddress* now) {
      if (now == nullptr) look_at_ending();
    });
  }

  io::Task<void> run() override {
    co_await ranges_.wait_synced();
    co_await addresses_.wait_synced();
    co_await client::run_workers("service-cidr", queue_, 1, [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void look_at_ending() {
    for (const auto& one : ranges_.list())
      if (is_being_deleted(one->metadata)) queue_.add({"", one->metadata.name});
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto range = ranges_.get(key);
    if (!range) co_return {};
    ServiceCIDR next = *range;
    Result<ServiceCIDR> written;
    if (is_being_deleted(range->metadata)) {
      if (!can_go(*range, ranges_.list(), addresses_.list())) {
        if (!set_ready(next, "False", "Terminating",
                       "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new "
                       "ServiceCIDR",
                       context_.now()))
          co_return {};
        written = co_await context_.client.update_status(std::move(next));
      } else {
        auto left = range->metadata.deletion_timestamp.to_ns() +
                    std::chrono::duration_cast<std::chrono::nanoseconds>(kGrace).count() - context_.clock.wall_ns();
        if (left > 0) {
          queue_.add_after(key, io::Duration(left));
          co_return {};
        }
        if (!remove_finalizer(next.metadata, kFinalizer)) co_return {};
        written = co_await context_.client.update(std::move(next));
      }
    } else if (add_finalizer(next.metadata, kFinalizer)) {
      written = co_await context_.client.update(std::move(next));
    } else if (std::ranges::find(next.status.conditions, "Ready", &Condition::type) == next.status.conditions.end()) {
      set_ready(next, "True", "", "Kubernetes Service CIDR is ready", context_.now());
      written = co_await context_.client.update_status(std::move(next));
    } else {
      co_return {};
    }
    if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
    co_return {};
  }

  Context& context_;
  client::Cache<ServiceCIDR>& ranges_;
  client::Cache<IPAddress>& addresses_;
  client::Queue queue_;
};

}  // namespace

bool can_go(const ServiceCIDR& range, const std::vector<std::shared_ptr<const ServiceCIDR>>& ranges,
            const std::vector<std::shared_ptr<const IPAddress>>& addresses) {
  std::vector<IpNetwork> others;
  for (const auto& one : ranges) {
    if (one->metadata.name == range.metadata.name || is_being_deleted(one->metadata)) continue;
    auto networks = networks_of(*one);
    others.insert(others.end(), networks.begin(), networks.end());
  }
  for (const auto& network : networks_of(range)) {
    if (std::ranges::any_of(others, [&](const auto& other) { return contains(other, network); })) continue;
    for (const auto& one : addresses) {
      auto manager = one->metadata.labels.find(kManagedBy);
      if (manager == one->metadata.labels.end() || manager->second != "ipallocator.k8s.io") continue;
      auto address = base::IpAddress::parse(one->metadata.name);
      if (!address || !network.contains(*address)) continue;
      if (std::ranges::none_of(others, [&](const auto& other) { return other.contains(*address); })) return false;
    }
  }
  return true;
}

std::unique_ptr<Controller> make_service_cidr_controller(Context& context) {
  return std::make_unique<ServiceRanges>(context);
}

}  // namespace controller
