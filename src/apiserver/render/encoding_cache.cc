#include "apiserver/render/encoding_cache.h"

namespace apiserver {
namespace {

constexpr size_t kOverhead = 160;  // of one slot

}  // namespace

size_t EncodingCache::Hash::operator()(const Key& key) const {
  return reinterpret_cast<uintptr_t>(key.entry) * 31 + key.revision * 7 + key.form + key.served * 131;
}

base::Bytes EncodingCache::find(const Key& key) const {
  base::Lock lock(mutex_);
  auto found = slots_.find(key);
  return found == slots_.end() ? base::Bytes() : found->second.encoding;
}

void EncodingCache::put(const Key& key, const store::EntryRef& entry, const base::Bytes& encoding) {
  if (encoding.size() > bytes_max_ / 4) return;
  base::Lock lock(mutex_);
  if (!slots_.emplace(key, Slot{entry, encoding}).second) return;
  order_.push_back(key);
  bytes_ += encoding.size() + kOverhead;
  while (bytes_ > bytes_max_) {
    auto oldest = slots_.find(order_.front());
    order_.pop_front();
    bytes_ -= oldest->second.encoding.size() + kOverhead;
    slots_.erase(oldest);
  }
}

}  // namespace apiserver
