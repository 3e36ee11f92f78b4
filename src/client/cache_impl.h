// The T of Cache<T>; included by client/cache.h only.
#pragma once

#include "client/cache_core.h"

namespace client {
namespace detail {

template <class T>
std::shared_ptr<const T> typed(std::shared_ptr<const schema::Object> object) {
  if (!object) return nullptr;
  const T* content = static_cast<const T*>(object->data());
  return std::shared_ptr<const T>(std::move(object), content);
}

template <class T>
std::vector<std::shared_ptr<const T>> typed(std::vector<std::shared_ptr<const schema::Object>> objects) {
  std::vector<std::shared_ptr<const T>> contents;
  contents.reserve(objects.size());
  for (auto& object : objects) contents.push_back(typed<T>(std::move(object)));
  return contents;
}

}  // namespace detail

template <class T>
Cache<T>::Cache(Client client, ListOptions selectors, std::string namespace_)
    : core_(std::make_unique<CacheCore>(std::move(client), schema::type_of<T>(), std::move(selectors),
                                        std::move(namespace_))) {}

template <class T>
Cache<T>::~Cache() = default;

template <class T>
void Cache<T>::add_listener(Listener<T> listener) {
  core_->add_listener([listener = std::move(listener)](const Key& key, const void* before, const void* now) {
    listener(key, static_cast<const T*>(before), static_cast<const T*>(now));
  });
}

template <class T>
void Cache<T>::add_follower(Follower<T> follower) {
  core_->add_follower([follower = std::move(follower)](const Key& key, const void*, const void* now) {
    follower(key, static_cast<const T*>(now));
  });
}

template <class T>
void Cache<T>::add_index(std::string name, IndexFunction<T> values) {
  core_->add_index(std::move(name),
                   [values = std::move(values)](const void* object) { return values(*static_cast<const T*>(object)); });
}

template <class T>
io::Task<void> Cache<T>::run() {
  return core_->run();
}
template <class T>
io::Task<void> Cache<T>::wait_synced() {
  return core_->synced().wait();
}
template <class T>
bool Cache<T>::synced() const {
  return core_->synced().is_set();
}
template <class T>
std::shared_ptr<const T> Cache<T>::get(const Key& key) const {
  return detail::typed<T>(core_->get(key));
}
template <class T>
std::shared_ptr<const T> Cache<T>::get(std::string_view namespace_, std::string_view name) const {
  return get(Key{std::string(namespace_), std::string(name)});
}
template <class T>
std::vector<std::shared_ptr<const T>> Cache<T>::list(std::string_view namespace_) const {
  return detail::typed<T>(core_->list(namespace_));
}
template <class T>
std::vector<std::shared_ptr<const T>> Cache<T>::by_index(std::string_view index, std::string_view value) const {
  return detail::typed<T>(core_->by_index(index, value));
}
template <class T>
std::vector<Key> Cache<T>::keys() const {
  return core_->keys();
}
template <class T>
size_t Cache<T>::size() const {
  return core_->size();
}
template <class T>
std::string Cache<T>::resource_version() const {
  return core_->resource_version();
}

}  // namespace client
