#include "controller/common/pending.h"

namespace controller {
namespace {

constexpr int64_t kPatienceNs = 300'000'000'000;

}  // namespace

void Pending::written(const client::Key& owner, const api::meta_v1::ObjectMeta& stored) {
  Owner& entry = owners_[owner];
  entry.written = std::max(entry.written, base::parse_uint(stored.resource_version).value_or(0));
  entry.since_ns = clock_.monotonic_ns();
}

void Pending::deleted(const client::Key& owner, const api::meta_v1::ObjectMeta& gone) {
  Owner& entry = owners_[owner];
  entry.deleted.emplace_back(client::Key{gone.namespace_, gone.name}, gone.uid);
  entry.since_ns = clock_.monotonic_ns();
}

bool Pending::settled(const client::Key& owner, uint64_t cache_version,
                      const std::function<bool(const client::Key&, const std::string& uid)>& is_gone) {
  auto place = owners_.find(owner);
  if (place == owners_.end()) return true;
  Owner& entry = place->second;
  std::erase_if(entry.deleted, [&](const auto& one) { return is_gone(one.first, one.second); });
  bool done = entry.deleted.empty() && entry.written <= cache_version;
  if (!done && clock_.monotonic_ns() - entry.since_ns < kPatienceNs) return false;
  owners_.erase(place);
  return true;
}

}  // namespace controller
