// Tells extension API servers whom to believe: ConfigMap kube-system/extension-apiserver-authentication, kept as it
// should be. Several API servers share it, so what others have put there stays. Kubernetes documentation, "Configure
// the Aggregation Layer", "Extension Apiserver Authenticates the Request".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apiserver/registry/registry.h"
#include "base/mutex.h"
#include "base/time.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

using TrustData = std::map<std::string, std::string>;  // of the ConfigMap

// `there` with what `ours` adds: each header and name once, each certificate once, without those that have expired.
// Pure.
TrustData combined_trust(const TrustData& there, const TrustData& ours, base::Time now);

// One loop.
class ClientTrust {
 public:
  // What front proxies are called and send.
  struct Headers {
    std::vector<std::string> names, user, uid, group, extra_prefixes;
  };
  ClientTrust(Registry& registry, Headers headers);  // borrowed

  // The authorities of clients and of front proxies as PEM, "" for none; now and when they change.
  void set(const std::string& client_ca, const std::string& front_proxy_ca);
  io::Task<base::Result<void>> write();
  // Writes again when that is needed, until cancelled or the store closes.
  io::Task<void> run();

 private:
  io::Task<void> wake_on_change();

  Registry& registry_;
  const Headers headers_;
  TrustData data_;
  io::Event changed_;
};

}  // namespace apiserver
