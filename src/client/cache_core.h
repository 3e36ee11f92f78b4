// What Cache<T> is made of, without the T: bytes by key, indexes, the last few decoded objects. See client/cache.h.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/client.h"
#include "client/kept_objects.h"
#include "client/key.h"
#include "client/reflector.h"
#include "io/loop.h"

namespace client {

class CacheCore final : private Sink {
 public:
  using Object = std::shared_ptr<const schema::Object>;
  // Null pointers for what is absent.
  using Listen = std::function<void(const Key& key, const void* before, const void* now)>;
  using IndexValues = std::function<std::vector<std::string>(const void* object)>;

  CacheCore(Client client, const schema::Type& type, ListOptions selectors, std::string namespace_);

  void add_listener(Listen listener) {
    listeners_.push_back(std::move(listener));
    tells_before_ = true;
  }
  // The same, but may be told of nothing before.
  void add_follower(Listen follower) { listeners_.push_back(std::move(follower)); }
  void add_index(std::string name, IndexValues values);

  io::Task<void> run();
  io::Event& synced() { return synced_; }
  const io::Event& synced() const { return synced_; }

  Object get(const Key& key) const;
  std::vector<Object> list(std::string_view namespace_) const;
  std::vector<Object> by_index(std::string_view index, std::string_view value) const;
  bool has(const Key& key) const { return entries_.contains(key); }
  std::vector<Key> keys() const;
  size_t size() const { return entries_.size(); }
  const std::string& resource_version() const { return resource_version_; }

 private:
  static constexpr size_t kRecent = 64;  // decoded objects kept beyond their use
  struct Entry {
    Raw raw;
    mutable std::weak_ptr<const schema::Object> decoded;
    mutable KeptObjects::Place kept;
    std::vector<std::pair<uint32_t, std::string>> values;  // index, value
  };
  using Entries = std::map<Key, Entry>;
  struct ByKey {
    bool operator()(const Entries::value_type* a, const Entries::value_type* b) const { return a->first < b->first; }
  };
  struct Index {
    std::string name;
    IndexValues of;
    std::unordered_map<std::string, std::set<const Entries::value_type*, ByKey>> found;
  };

  void replace(std::vector<Raw> items, std::string resource_version) override;
  std::string apply(RawEvent event) override;

  // `revision` is the object's; bytes of one that is here already are not looked at.
  void put(Key key, Raw raw);
  void remove(const Key& key);
  Object decoded(const Key& key, const Entry& entry) const;
  void unindex(Entries::value_type& entry);
  void index(Entries::value_type& entry, const schema::Object& object);
  bool needs_content() const { return !listeners_.empty() || !indexes_.empty(); }

  Client client_;
  const schema::Type& type_;
  ListOptions selectors_;
  std::string namespace_;
  std::vector<Listen> listeners_;
  bool tells_before_ = false;
  std::vector<Index> indexes_;

  Entries entries_;
  mutable std::array<Object, kRecent> recent_;  // a ring
  mutable size_t recent_next_ = 0;
  mutable KeptObjects kept_;  // what was asked for in groups
  std::string resource_version_;
  io::Event synced_;
};

}  // namespace client
