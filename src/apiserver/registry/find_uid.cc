#include "apiserver/registry/find_uid.h"

namespace apiserver {
namespace {

constexpr int64_t kLeewaySeconds = 60;  // upstream's

io::Task<base::Result<std::optional<std::string>>> find(store::Store& store, const Catalog& catalog,
                                                        const base::Clock& clock, std::string resource,
                                                        std::string namespace_, std::string name) {
  ServedRef served = catalog.find("", "v1", resource);
  if (served == nullptr) co_return std::nullopt;
  CO_TRY(auto entry, co_await store.get(served->key(namespace_, name)));
  if (entry == nullptr) co_return std::nullopt;
  CO_TRY(auto object, served->decode(*entry));
  const auto& end = object.meta().deletion_timestamp;
  if (!end.is_zero() && end.seconds + kLeewaySeconds < clock.wall_ns() / 1'000'000'000) co_return std::nullopt;
  co_return object.meta().uid;
}

}  // namespace

FindUid make_find_uid(store::Store& store, const Catalog& catalog, const base::Clock& clock) {
  return [&store, &catalog, &clock](std::string resource, std::string namespace_, std::string name) {
    return find(store, catalog, clock, std::move(resource), std::move(namespace_), std::move(name));
  };
}

}  // namespace apiserver
