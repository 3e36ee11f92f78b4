#include "client/cache_core.h"

#include <unordered_set>

#include "base/log.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/target.h"

namespace client {

CacheCore::CacheCore(Client client, const schema::Type& type, ListOptions selectors, std::string namespace_)
    : client_(std::move(client)), type_(type), selectors_(std::move(selectors)), namespace_(std::move(namespace_)) {}

void CacheCore::add_index(std::string name, IndexValues values) {
  indexes_.push_back({.name = std::move(name), .of = std::move(values), .found = {}});
}

io::Task<void> CacheCore::run() {
  return reflect(client_, target_of(resource_of(type_), namespace_), selectors_, *this);
}

void CacheCore::replace(std::vector<Raw> items, std::string resource_version) {
  std::unordered_set<Key> present;
  present.reserve(items.size());
  for (Raw& item : items) {
    auto identity = read_identity(item);
    if (!identity) {
      LOG_ERROR("Cannot read a listed object", {"kind", type_.name}, {"err", identity.error().message()});
      continue;
    }
    Key key = std::move(identity->key);
    if (item.revision == 0) item.revision = base::parse_uint(identity->resource_version).value_or(0);
    present.insert(key);
    auto known = entries_.find(key);
    if (known != entries_.end() && item.revision != 0 && known->second.raw.revision == item.revision) continue;
    put(std::move(key), std::move(item));
  }
  std::vector<Key> gone;
  for (const auto& [key, entry] : entries_) {
    if (!present.contains(key)) gone.push_back(key);
  }
  for (const Key& key : gone) remove(key);
  resource_version_ = std::move(resource_version);
  synced_.set();
}

std::string CacheCore::apply(RawEvent event) {
  auto identity = read_identity(event.object);
  if (!identity) {
    LOG_ERROR("Cannot read an event", {"kind", type_.name}, {"err", identity.error().message()});
    return "";
  }
  Key key = std::move(identity->key);
  if (event.object.revision == 0) event.object.revision = base::parse_uint(identity->resource_version).value_or(0);
  resource_version_ = std::move(identity->resource_version);
  if (event.kind == RawEvent::Kind::Deleted) {
    remove(key);
  } else {
    put(std::move(key), std::move(event.object));
  }
  return resource_version_;
}

void CacheCore::put(Key key, Raw raw) {
  Object before;
  auto [place, fresh] = entries_.try_emplace(std::move(key));
  Entry& entry = place->second;
  if (!fresh && tells_before_) before = decoded(place->first, entry);
  entry.raw = std::move(raw);
  entry.decoded.reset();
  kept_.drop(entry.kept);
  if (!needs_content()) return;
  Object now = decoded(place->first, entry);
  unindex(*place);
  if (now) index(*place, *now);
  for (const Listen& listener : listeners_) {
    listener(place->first, before ? before->data() : nullptr, now ? now->data() : nullptr);
  }
}

void CacheCore::remove(const Key& key) {
  auto place = entries_.find(key);
  if (place == entries_.end()) return;
  Object before = tells_before_ ? decoded(place->first, place->second) : nullptr;
  unindex(*place);
  kept_.drop(place->second.kept);
  Key gone = place->first;  // `key` may live in the entry
  entries_.erase(place);
  for (const Listen& listener : listeners_) listener(gone, before ? before->data() : nullptr, nullptr);
}

CacheCore::Object CacheCore::decoded(const Key& key, const Entry& entry) const {
  if (Object known = entry.decoded.lock()) return known;
  auto object = decode(type_, entry.raw);
  if (!object) {
    LOG_ERROR("Cannot read a cached object", {"kind", type_.name}, {"key", key.text()},
              {"err", object.error().message()});
    return nullptr;
  }
  auto shared = std::make_shared<const schema::Object>(std::move(*object));
  entry.decoded = shared;
  recent_[recent_next_++ % kRecent] = shared;
  return shared;
}

void CacheCore::unindex(Entries::value_type& entry) {
  for (auto& [number, value] : entry.second.values) {
    auto& found = indexes_[number].found;
    auto set = found.find(value);
    if (set == found.end()) continue;
    set->second.erase(&entry);
    if (set->second.empty()) found.erase(set);
  }
  entry.second.values.clear();
}

void CacheCore::index(Entries::value_type& entry, const schema::Object& object) {
  for (uint32_t number = 0; number < indexes_.size(); number++) {
    for (std::string& value : indexes_[number].of(object.data())) {
      indexes_[number].found[value].insert(&entry);
      entry.second.values.emplace_back(number, std::move(value));
    }
  }
}

CacheCore::Object CacheCore::get(const Key& key) const {
  auto place = entries_.find(key);
  return place == entries_.end() ? nullptr : decoded(place->first, place->second);
}

std::vector<CacheCore::Object> CacheCore::list(std::string_view namespace_) const {
  std::vector<Object> objects;
  auto place = namespace_.empty() ? entries_.begin() : entries_.lower_bound(Key{std::string(namespace_), ""});
  for (; place != entries_.end(); ++place) {
    if (!namespace_.empty() && place->first.namespace_ != namespace_) break;
    if (Object object = decoded(place->first, place->second)) objects.push_back(std::move(object));
  }
  return objects;
}

std::vector<CacheCore::Object> CacheCore::by_index(std::string_view name, std::string_view value) const {
  std::vector<Object> objects;
  for (const Index& index : indexes_) {
    if (index.name != name) continue;
    auto found = index.found.find(std::string(value));
    if (found == index.found.end()) break;
    objects.reserve(found->second.size());
    for (const Entries::value_type* entry : found->second) {
      Object object = decoded(entry->first, entry->second);
      if (!object) continue;
      kept_.keep(object, entry->second.kept);
      objects.push_back(std::move(object));
    }
    break;
  }
  return objects;
}

std::vector<Key> CacheCore::keys() const {
  std::vector<Key> keys;
  keys.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

}  // namespace client
