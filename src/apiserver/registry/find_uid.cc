#include "apiserver/registry/find_uid.h"

namespace apiserver {
namespace {

io::Task<base::Result<std::optional<std::string>>> find(store::Store& store, const Catalog& catalog,
                                                        std::string resource, std::string namespace_,
                                                        std::string name) {
  ServedRef served = catalog.find("", "v1", resource);
  if (served == nullptr) co_return std::nullopt;
  CO_TRY(auto entry, co_await store.get(served->key(namespace_, name)));
  if (entry == nullptr) co_return std::nullopt;
  CO_TRY(auto object, served->decode(*entry));
  co_return object.meta().uid;
}

}  // namespace

FindUid make_find_uid(store::Store& store, const Catalog& catalog) {
  return [&store, &catalog](std::string resource, std::string namespace_, std::string name) {
    return find(store, catalog, std::move(resource), std::move(namespace_), std::move(name));
  };
}

}  // namespace apiserver
