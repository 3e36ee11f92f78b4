// Objects of the store by their C++ type, for strategies, admission and subresources. Any loop.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/decoded_states.h"
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

  // The same to look at: decoded once, and shared by all who ask while the state stays.
  template <class T>
  io::Task<base::Result<std::shared_ptr<const T>>> look(std::string namespace_, std::string name) const {
    const Served& served = catalog_.of<T>();
    CO_TRY(auto entry, co_await store_.get(served.key(namespace_, name)));
    if (entry == nullptr) co_return base::fail(not_found(served.row().group, served.row().plural, name));
    CO_TRY(auto object, decoded_->of(served, entry));
    co_return content<T>(std::move(object));
  }
  template <class T>
  io::Task<base::Result<std::vector<std::shared_ptr<const T>>>> look_at_all(std::string namespace_) const {
    const Served& served = catalog_.of<T>();
    CO_TRY(auto page, co_await store_.list(served.prefix(namespace_), {}));
    std::vector<std::shared_ptr<const T>> objects;
    objects.reserve(page.entries.size());
    for (const auto& entry : page.entries) {
      CO_TRY(auto object, decoded_->of(served, entry));
      objects.push_back(content<T>(std::move(object)));
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
  template <class T>
  static std::shared_ptr<const T> content(DecodedStates::Ref object) {
    const T* inside = &object->template as<T>();
    return std::shared_ptr<const T>(std::move(object), inside);
  }

  store::Store& store_;
  const Catalog& catalog_;
  std::shared_ptr<DecodedStates> decoded_ = std::make_shared<DecodedStates>();  // shared by copies of this reader
};

}  // namespace apiserver
