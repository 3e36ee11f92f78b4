// Objects of the store by their C++ type, for strategies, admission and subresources. Any loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/served.h"
#include "base/result.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

class Reader {
 public:
  Reader(store::Store& store, const Catalog& catalog) : store_(store), catalog_(catalog) {}

  // NotFound in the API's words when it is not there.
  template <class T>
  io::Task<base::Result<T>> get(std::string namespace_, std::string name) const {
    const Served& served = catalog_.of<T>();
    CO_TRY(auto object, co_await get_object(served, std::move(namespace_), std::move(name)));
    co_return std::move(object).template take<T>();
  }
  template <class T>
  io::Task<base::Result<std::vector<T>>> list(std::string namespace_) const {
    const Served& served = catalog_.of<T>();
    CO_TRY(auto page, co_await store_.list(served.prefix(namespace_), {}));
    std::vector<T> objects;
    objects.reserve(page.entries.size());
    for (const auto& entry : page.entries) {
      CO_TRY(auto object, served.decode(*entry));
      objects.push_back(std::move(object).template take<T>());
    }
    co_return objects;
  }

  io::Task<base::Result<schema::Object>> get_object(const Served& served, std::string namespace_,
                                                    std::string name) const {
    CO_TRY(auto entry, co_await store_.get(served.key(namespace_, name)));
    if (entry == nullptr) co_return base::fail(not_found(served.row().group, served.row().plural, name));
    co_return served.decode(*entry);
  }

  store::Store& store() const { return store_; }
  const Catalog& catalog() const { return catalog_; }

 private:
  store::Store& store_;
  const Catalog& catalog_;
};

}  // namespace apiserver
