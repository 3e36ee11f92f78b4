#include "controller/caches.h"

#include "controller/common/ownership.h"

namespace controller {

std::vector<std::string> Caches::controller_uids(const api::meta_v1::ObjectMeta& meta) {
  const api::meta_v1::OwnerReference* owner = controller_of(meta);
  if (owner == nullptr) return {};
  return {owner->uid};
}

std::vector<std::string> Caches::orphan_namespaces(const api::meta_v1::ObjectMeta& meta) {
  if (controller_of(meta) != nullptr) return {};
  return {meta.namespace_};
}

io::Task<void> Caches::run() {
  io::Event never;
  io::Scope scope;
  for (auto& [type, slot] : slots_) scope.spawn(slot->run());
  co_await never.wait();
}

io::Task<void> Caches::wait_synced() {
  for (auto& [type, slot] : slots_) co_await slot->wait_synced();
}

}  // namespace controller
