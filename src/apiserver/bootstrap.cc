// What every cluster has from its first moment.

#include "api/core_v1.h"
#include "apiserver/registry/registry.h"
#include "apiserver/server.h"

namespace apiserver {

io::Task<base::Result<void>> Server::bootstrap() {
  Call call;
  call.user.name = "system:apiserver";
  call.user.groups = {std::string(kMastersGroup)};
  const Served& namespaces = registry().catalog().of<api::core_v1::Namespace>();
  for (const char* name : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
    api::core_v1::Namespace one;
    one.metadata.name = name;
    auto created = co_await registry().create_object(call, namespaces, schema::Object(std::move(one)), {});
    if (!created && created.error().code() != base::Code::AlreadyExists) co_return base::fail(std::move(created).error());
  }
  co_return {};
}

}  // namespace apiserver
