#include "main/server_endpoints.h"

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "base/ip.h"
#include "base/log.h"
#include "client/status.h"
#include "io/loop.h"
#include "schema/protobuf.h"

namespace navarch {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

constexpr const char* kNamespace = "default";
constexpr const char* kName = "kubernetes";
constexpr auto kEvery = std::chrono::seconds(10);
constexpr int64_t kLeaseSeconds = 15;

// Made when it is not there, replaced when `same` finds that it says something else.
template <class T, class Same>
io::Task<base::Result<void>> ensure(client::Client client, T wanted, Same same) {
  auto current = co_await client.get<T>(kNamespace, kName);
  if (current) {
    if (same(*current, wanted)) co_return {};
    wanted.metadata.resource_version = current->metadata.resource_version;
    auto updated = co_await client.update(std::move(wanted));
    if (!updated) co_return base::fail(updated.error());
    co_return {};
  }
  if (!client::is(current, base::Code::NotFound)) co_return base::fail(current.error());
  auto created = co_await client.create(std::move(wanted));
  if (!created) co_return base::fail(created.error());
  co_return {};
}

}  // namespace

ServerEndpoints::ServerEndpoints(client::Client client, std::string address, int port,
                                 std::unique_ptr<store::EtcdPresence> presence)
    : client_(std::move(client)), address_(std::move(address)), port_(port), presence_(std::move(presence)) {}

store::EtcdPresence::Options ServerEndpoints::presence(const std::string& address) {
  core::Endpoints self;
  self.subsets.emplace_back().addresses.emplace_back().ip = address;
  return {.prefix = "/registry/masterleases/",
          .name = address,
          .value = schema::encode_envelope(core::Endpoints::kType, &self),
          .seconds = kLeaseSeconds};
}

io::Task<base::Result<void>> ServerEndpoints::write(std::vector<std::string> addresses) {
  core::Endpoints endpoints;
  endpoints.metadata.namespace_ = kNamespace;
  endpoints.metadata.name = kName;
  endpoints.metadata.labels = {{"endpointslice.kubernetes.io/skip-mirror", "true"}};
  auto& subset = endpoints.subsets.emplace_back();
  for (const auto& address : addresses) subset.addresses.emplace_back().ip = address;
  auto& port = subset.ports.emplace_back();
  port.name = "https";
  port.port = port_;
  port.protocol = "TCP";
  CO_TRY(co_await ensure(client_, std::move(endpoints), [](const core::Endpoints& a, const core::Endpoints& b) {
    return a.subsets == b.subsets && a.metadata.labels == b.metadata.labels;
  }));

  discovery::EndpointSlice slice;
  slice.metadata.namespace_ = kNamespace;
  slice.metadata.name = kName;
  slice.metadata.labels = {{"kubernetes.io/service-name", kName}};
  slice.address_type = family();
  for (auto& address : addresses) {
    auto& endpoint = slice.endpoints.emplace_back();
    endpoint.addresses = {std::move(address)};
    endpoint.conditions.ready = true;
  }
  auto& slice_port = slice.ports.emplace_back();
  slice_port.name = "https";
  slice_port.protocol = "TCP";
  slice_port.port = port_;
  co_return co_await ensure(client_, std::move(slice),
                            [](const discovery::EndpointSlice& a, const discovery::EndpointSlice& b) {
                              return a.endpoints == b.endpoints && a.ports == b.ports;
                            });
}

io::Task<base::Result<void>> ServerEndpoints::reconcile() {
  // Endpoints cannot be loopback addresses: a server that has no other is reached by nobody else.
  auto address = base::IpAddress::parse(address_);
  if (address && address->is_loopback()) co_return {};
  if (!presence_) co_return co_await write({address_});
  CO_TRY(co_await presence_->renew());
  CO_TRY(auto alive, co_await presence_->names());
  // Servers that serve the other family have no place in a slice of ours.
  std::erase_if(alive, [&](const auto& one) { return one.contains(':') != address_.contains(':'); });
  co_return co_await write(std::move(alive));
}

io::Task<void> ServerEndpoints::run() {
  for (;;) {
    auto done = co_await reconcile();
    if (!done) {
      LOG_WARNING("The endpoints of the API servers are not up to date", {"err", done.error().message()});
    } else if (!presence_) {
      co_return;
    }
    co_await io::sleep(kEvery);
  }
}

io::Task<void> ServerEndpoints::withdraw() {
  scope_.cancel();  // or it would come back at once
  if (!presence_) co_return;
  auto gone = co_await presence_->withdraw();
  auto alive = gone ? co_await presence_->names() : base::Result<std::vector<std::string>>(base::fail(gone.error()));
  auto written = alive ? (alive->empty() ? base::Result<void>() : co_await write(std::move(*alive)))
                       : base::Result<void>(base::fail(alive.error()));
  if (!written) LOG_WARNING("The address stays among the API servers' endpoints", {"err", written.error().message()});
}

}  // namespace navarch
