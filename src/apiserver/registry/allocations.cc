#include "apiserver/registry/allocations.h"

namespace apiserver {
Allocations::Allocations(Options options) : options_(std::move(options)) {}
io::Task<base::Result<Allocations::Taken>> Allocations::claim(schema::Object& next, const schema::Object* current, bool dry_run) {
  co_return Taken{};
}
io::Task<void> Allocations::release(const schema::Object& current, const schema::Object* next) { co_return; }
io::Task<void> Allocations::give_back(Taken taken) { co_return; }
}  // namespace apiserver
