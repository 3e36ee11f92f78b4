#include "main/server_identity.h"

#include <openssl/sha.h>

#include "base/log.h"
#include "base/strings.h"
#include "client/lease.h"
#include "main/machine.h"

namespace navarch {
namespace {

using api::coordination_k8s_io_v1::Lease;

constexpr std::string_view kLabel = "apiserver.kubernetes.io/identity";
constexpr std::string_view kServer = "kube-apiserver";
constexpr auto kLeaseDuration = std::chrono::hours(1);
constexpr auto kLookEvery = std::chrono::hours(1);

// RFC 4648, lower case, without padding.
std::string base32(std::string_view bytes) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 5; held -= 5) out += kDigits[bits >> (held - 5) & 31];
  }
  if (held > 0) out += kDigits[bits << (5 - held) & 31];
  return out;
}

bool has_expired(const Lease& lease, base::Time now) {
  if (!lease.spec.lease_duration_seconds) return true;
  base::Time end = lease.spec.renew_time;
  end.seconds += *lease.spec.lease_duration_seconds;
  return end < now;
}

io::Task<void> remove_expired(client::Client client, base::Clock& clock) {
  client::ListOptions options;
  options.label_selector = base::cat({kLabel, "=", kServer});
  auto leases = co_await client.list<Lease>("kube-system", std::move(options));
  if (!leases) {
    LOG_V(1, "The leases of API servers cannot be read", {"err", leases.error().message()});
    co_return;
  }
  for (const auto& lease : leases->items) {
    if (!has_expired(lease, base::Time::from_ns(clock.wall_ns()))) continue;
    client::DeleteOptions only_this{.grace_period_seconds = {},
                                    .propagation_policy = {},
                                    .uid = lease.metadata.uid,
                                    .resource_version = lease.metadata.resource_version};
    (void)co_await client.remove<Lease>("kube-system", lease.metadata.name, std::move(only_this));
  }
}

}  // namespace

std::string server_identity(std::string_view host_name) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(host_name.data()), host_name.size(), digest);
  constexpr size_t kUsed = 16;
  return "apiserver-" + base32({reinterpret_cast<const char*>(digest), kUsed});
}

io::Task<void> keep_server_identity(client::Client client, base::Clock& clock, base::Random& random) {
  std::string host = host_name();
  std::string name = server_identity(host);
  io::Scope scope;
  scope.spawn(
      client::keep_heartbeat(client, clock,
                             {.namespace_ = "kube-system",
                              .name = name,
                              .holder = base::cat({name, "_", random.uuid()}),
                              .labels = {{std::string(kLabel), std::string(kServer)}, {"kubernetes.io/hostname", host}},
                              .lease_duration = kLeaseDuration}));
  for (;;) {
    co_await remove_expired(client, clock);
    co_await io::sleep(kLookEvery);
  }
}

}  // namespace navarch
