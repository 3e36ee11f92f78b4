// The caches of one process: each resource is watched once, however many controllers read it. One loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/cache.h"

namespace controller {

class Caches {
 public:
  explicit Caches(client::Client client) : client_(std::move(client)) {}
  Caches(const Caches&) = delete;

  // The cache of T, made when first asked for. Before run().
  template <class T>
  client::Cache<T>& of() {
    auto& slot = slots_[&schema::type_of<T>()];
    if (!slot) slot = std::make_unique<Slot<T>>(client_);
    return static_cast<Slot<T>&>(*slot).cache;
  }
  // The same with an index; asked for twice it is made once.
  template <class T>
  client::Cache<T>& indexed(const std::string& name, client::IndexFunction<T> values) {
    client::Cache<T>& cache = of<T>();
    if (indexes_.insert({&schema::type_of<T>(), name}).second) cache.add_index(name, std::move(values));
    return cache;
  }
  // Indexed by owner: "controller" by the uid of the owner that controls it, "orphan" by namespace those that have
  // none.
  template <class T>
  client::Cache<T>& owned() {
    indexed<T>("controller", [](const T& object) { return controller_uids(object.metadata); });
    return indexed<T>("orphan", [](const T& object) { return orphan_namespaces(object.metadata); });
  }

  // Keeps all of them current until cancelled.
  io::Task<void> run();
  io::Task<void> wait_synced();

 private:
  struct AnySlot {
    virtual ~AnySlot() = default;
    virtual io::Task<void> run() = 0;
    virtual io::Task<void> wait_synced() = 0;
  };
  template <class T>
  struct Slot final : AnySlot {
    explicit Slot(client::Client client) : cache(std::move(client)) {}
    io::Task<void> run() override { return cache.run(); }
    io::Task<void> wait_synced() override { return cache.wait_synced(); }
    client::Cache<T> cache;
  };
  static std::vector<std::string> controller_uids(const api::meta_v1::ObjectMeta& meta);
  static std::vector<std::string> orphan_namespaces(const api::meta_v1::ObjectMeta& meta);

  client::Client client_;
  std::map<const schema::Type*, std::unique_ptr<AnySlot>> slots_;
  std::set<std::pair<const schema::Type*, std::string>> indexes_;
};

}  // namespace controller
