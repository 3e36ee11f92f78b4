// What every cluster has from its first moment.

#include "api/core_v1.h"
#include "api/networking_k8s_io_v1.h"
#include "api/scheduling_k8s_io_v1.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/registry.h"
#include "apiserver/server.h"
#include "schema/defaults.h"

namespace apiserver {
namespace {

// Makes what is not there yet.
io::Task<base::Result<void>> ensure(Registry& registry, Call& call, schema::Object object) {
  const Served& served = registry.catalog().of_type(object.type());
  schema::apply_defaults(object);
  call.info.namespace_ = served.row().namespaced ? object.meta().namespace_ : "";
  auto created = co_await registry.create_object(call, served, std::move(object), {});
  if (!created && created.error().code() != base::Code::AlreadyExists) co_return base::fail(std::move(created).error());
  co_return {};
}

}  // namespace

io::Task<base::Result<void>> Server::bootstrap() {
  Call call;
  call.user.name = "system:apiserver";
  call.user.groups = {std::string(kMastersGroup)};
  for (const char* name : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
    api::core_v1::Namespace one;
    one.metadata.name = name;
    CO_TRY(co_await ensure(registry(), call, schema::Object(std::move(one))));
  }
  struct Class {
    const char* name;
    int32_t value;
    const char* description;
  };
  for (const Class& row : {Class{"system-cluster-critical", 2'000'000'000,
                                 "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."},
                           Class{"system-node-critical", 2'000'001'000,
                                 "Used for system critical pods that must not be moved from their current node."}}) {
    api::scheduling_k8s_io_v1::PriorityClass one;
    one.metadata.name = row.name;
    one.value = row.value;
    one.description = row.description;
    CO_TRY(co_await ensure(registry(), call, schema::Object(std::move(one))));
  }
  if (!options_.service_networks.empty()) {
    api::networking_k8s_io_v1::ServiceCIDR one;
    one.metadata.name = "kubernetes";
    for (const auto& network : options_.service_networks) one.spec.cidrs.push_back(network.to_string());
    CO_TRY(co_await ensure(registry(), call, schema::Object(std::move(one))));
  }
  CO_TRY(co_await registry().allocations().repair());
  co_return {};
}

}  // namespace apiserver
