#include "apiserver/aggregation/aggregator.h"

#include <algorithm>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/aggregation/inquiry.h"
#include "base/log.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace registration = api::apiregistration_k8s_io_v1;
using Slice = api::discovery_k8s_io_v1::EndpointSlice;

constexpr auto kAskAgainAfter = std::chrono::seconds(30);   // a server that answered
constexpr auto kFirstRetryAfter = std::chrono::seconds(5);  // one that did not; doubles
constexpr auto kStoreRetryAfter = std::chrono::seconds(1);

bool has_ended(const base::Error& error) {
  return error.code() == base::Code::Closed || error.code() == base::Code::Cancelled;
}

Call own_call() {
  Call call;
  call.method = "PUT";
  call.user.name = "system:apiserver";
  call.user.groups = {"system:masters", "system:authenticated"};
  call.user_agent = "kube-apiserver";
  return call;
}

io::Task<base::Result<schema::Object>> with_availability(const schema::Object* current, std::string uid,
                                                         Availability availability, base::Time now) {
  if (current == nullptr || current->meta().uid != uid)
    co_return base::fail(base::Code::NotFound, "it is another one now");
  schema::Object next = *current;
  set_available(next.as<registration::APIService>(), availability, now);
  co_return next;
}

}  // namespace

// An APIService as long as what it asks for stays the same.
struct Aggregator::Attended {
  registration::APIService service;
  RemoteVersion found;
  Availability told;  // by the object's condition, as far as we know
  io::Event changed;  // look again
  io::Scope scope;    // last: its tasks refer to all above
};

Aggregator::Aggregator(Registry& registry, AggregationOptions options,
                       std::vector<std::shared_ptr<const OwnVersion>> own)
    : registry_(registry),
      options_(std::move(options)),
      own_(std::move(own)),
      served_(registry.catalog().of<registration::APIService>()),
      follower_(
          registry.store(), served_, [this](const schema::Object& object) { put(object); },
          [this](const std::string&, const std::string& name) { remove(name); }),
      remote_(std::make_shared<const RemoteVersions>()) {
  publish();
}
Aggregator::~Aggregator() = default;

io::Task<void> Aggregator::run() {
  return follower_.run();
}

std::shared_ptr<const RemoteVersions> Aggregator::remote() const {
  base::Lock lock(mutex_);
  return remote_;
}

void Aggregator::publish() {
  auto made = std::make_shared<RemoteVersions>();
  for (const auto& [name, one] : attended_) {
    if (one->service.spec.service) {
      made->emplace(base::cat({one->found.group, "/", one->found.version}),
                    std::make_shared<const RemoteVersion>(one->found));
    }
  }
  for (const auto& own : own_) {
    RemoteVersion one;
    one.group = own->group();
    one.version = own->version();
    one.group_priority = own->group_priority();
    one.version_priority = own->version_priority();
    one.available = one.fresh = true;
    one.resources = own->resources();
    one.own = own;
    std::string name = base::cat({one.group, "/", one.version});
    made->try_emplace(std::move(name), std::make_shared<const RemoteVersion>(std::move(one)));
  }
  base::Lock lock(mutex_);
  remote_ = std::move(made);
}

void Aggregator::put(const schema::Object& object) {
  const auto& service = object.as<registration::APIService>();
  const auto& spec = service.spec;
  auto known = attended_.find(service.metadata.name);
  bool same = known != attended_.end() && known->second->service.metadata.uid == service.metadata.uid &&
              known->second->service.spec == spec;
  if (same) return;
  registration::APIService copy = service;
  if (!spec.service && !set_available(copy, Availability::local(), registry_.now()))
    return remove(service.metadata.name);

  auto one = std::make_unique<Attended>();
  one->service = service;
  if (spec.service) {
    // Until it is looked at again, a server is taken to be as it was.
    if (known != attended_.end() && known->second->service.spec.service == spec.service)
      one->found = known->second->found;
    one->found.group = spec.group;
    one->found.version = spec.version;
    one->found.group_priority = spec.group_priority_minimum;
    one->found.version_priority = spec.version_priority;
    io::TlsClient::Options tls;
    tls.ca.text = spec.ca_bundle;
    tls.skip_verify = spec.insecure_skip_tls_verify;
    tls.server_name = base::cat({spec.service->name, ".", spec.service->namespace_, ".svc"});
    tls.certificate = options_.certificate;
    tls.key = options_.key;
    auto made = io::TlsClient::create(std::move(tls));
    if (!made)
      LOG_WARNING("APIService cannot be trusted", {"name", service.metadata.name}, {"err", made.error().message()});
    one->found.tls = made ? *made : nullptr;
  }
  Attended& kept = *one;
  attended_.insert_or_assign(service.metadata.name, std::move(one));
  publish();
  if (spec.service) {
    const auto& to = *spec.service;
    kept.scope.spawn(wake_on_change(kept, registry_.catalog().of<core::Service>().key(to.namespace_, to.name)));
    kept.scope.spawn(wake_on_change(kept, registry_.catalog().of<Slice>().prefix(to.namespace_)));
  }
  kept.scope.spawn(attend(kept));
}

void Aggregator::remove(const std::string& name) {
  if (attended_.erase(name) != 0) publish();
}

io::Task<void> Aggregator::wake_on_change(Attended& one, std::string prefix) {
  for (;;) {
    auto watch = registry_.store().watch(prefix, registry_.store().revision());
    one.changed.set();  // whatever happened before is found by looking
    while (watch) {
      auto events = co_await (*watch)->next();
      if (!events && has_ended(events.error())) co_return;
      if (!events) break;
      one.changed.set();
    }
    co_await io::sleep(kStoreRetryAfter);
  }
}

// Looks, tells, and waits until there is reason to look again.
io::Task<void> Aggregator::attend(Attended& one) {
  io::Duration retry = kFirstRetryAfter;
  for (;;) {
    one.changed.reset();
    auto availability = co_await examine(one);
    if (!availability && has_ended(availability.error())) co_return;
    bool clocked = true;
    io::Duration wait = kStoreRetryAfter;
    if (availability) {
      bool asked = availability->reason == "FailedDiscoveryCheck";
      one.found.available = availability->status == "True";
      one.found.fresh = one.found.available;
      clocked = asked || availability->status != "False";
      wait = asked ? retry : kAskAgainAfter;
      retry = asked ? std::min<io::Duration>(retry * 2, kAskAgainAfter) : kFirstRetryAfter;
      publish();
      if (!(one.told == *availability)) {
        auto written = co_await write_status(one.service.metadata.name, one.service.metadata.uid, *availability);
        if (written) {
          one.told = *availability;
        } else if (has_ended(written.error())) {
          co_return;
        } else if (written.error().code() != base::Code::NotFound) {
          LOG_WARNING("Availability cannot be told", {"name", one.service.metadata.name},
                      {"err", written.error().message()});
          clocked = true;
          wait = kStoreRetryAfter;
        }
      }
    }
    if (clocked) {
      (void)co_await one.changed.wait_for(wait);
    } else {
      co_await one.changed.wait();
    }
  }
}

// The error is the store's.
io::Task<base::Result<Availability>> Aggregator::examine(Attended& one) {
  if (!one.service.spec.service) co_return Availability::local();
  const auto& to = *one.service.spec.service;
  const Reader& reader = registry_.reader();
  auto service = co_await reader.get<core::Service>(to.namespace_, to.name);
  if (!service && has_ended(service.error())) co_return base::fail(service.error());
  if (!service && service.error().code() != base::Code::NotFound)
    co_return Availability::no_access(to, service.error().message());
  CO_TRY(auto slices, co_await reader.list<Slice>(to.namespace_));
  if (auto known = judge(to, service ? &*service : nullptr, slices)) co_return *known;
  auto places = places_of(*service, slices, port_of(to), options_.routing);
  if (!places) co_return Availability::failed_discovery(places.error().message());
  one.found.places = std::move(*places);
  auto told = co_await inquire(std::make_shared<const RemoteVersion>(one.found), registry_.random());
  if (!told) co_return Availability::failed_discovery(told.error().message());
  one.found.resources = std::move(told->resources);
  one.found.openapi_url = std::move(told->openapi_url);
  co_return Availability::passed();
}

io::Task<base::Result<void>> Aggregator::write_status(std::string name, std::string uid, Availability availability) {
  Call call = own_call();
  WriteOptions options;
  options.part = Part::Status;
  options.subresource = "status";
  auto now = registry_.now();
  auto written = co_await registry_.write(
      call, served_, "", name,
      [uid, availability, now](const schema::Object* current) {
        return with_availability(current, uid, availability, now);
      },
      std::move(options));
  if (!written) co_return base::fail(std::move(written).error());
  co_return {};
}

}  // namespace apiserver
