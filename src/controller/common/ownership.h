// Who owns whom, and who should: ownerReferences, adoption and release.
#pragma once

#include <string>
#include <vector>

#include "api/meta_v1.h"
#include "client/cache.h"
#include "client/client.h"
#include "controller/common/selector.h"
#include "schema/type.h"

namespace controller {

// The owner that controls the object, or null.
const api::meta_v1::OwnerReference* controller_of(const api::meta_v1::ObjectMeta& meta);
inline bool is_controlled_by(const api::meta_v1::ObjectMeta& meta, std::string_view uid) {
  const api::meta_v1::OwnerReference* owner = controller_of(meta);
  return owner != nullptr && owner->uid == uid;
}
inline bool is_being_deleted(const api::meta_v1::ObjectMeta& meta) {
  return !meta.deletion_timestamp.is_zero();
}

// A reference that makes the owner the controller and blocks its foreground deletion.
api::meta_v1::OwnerReference controller_reference(const schema::Type& type, const api::meta_v1::ObjectMeta& owner);
template <class T>
api::meta_v1::OwnerReference controller_reference(const T& owner) {
  return controller_reference(schema::type_of<T>(), owner.metadata);
}

// What an owner has and what it should do about it.
template <class T>
struct Claims {
  std::vector<std::shared_ptr<const T>> owned;    // and matching
  std::vector<std::shared_ptr<const T>> adopt;    // matching, without a controller
  std::vector<std::shared_ptr<const T>> release;  // owned, no longer matching
};

// Of a cache made by Caches::owned(). An owner that is being deleted neither adopts nor releases. An empty selector
// matches all.
template <class T>
Claims<T> claim(const client::Cache<T>& cache, const api::meta_v1::ObjectMeta& owner, const Selector& selector) {
  Claims<T> claims;
  bool deleting = is_being_deleted(owner);
  for (auto& object : cache.by_index("controller", owner.uid)) {
    if (object->metadata.namespace_ != owner.namespace_) continue;
    if (selector.matches(object->metadata.labels)) {
      claims.owned.push_back(std::move(object));
    } else if (!deleting) {
      claims.release.push_back(std::move(object));
    }
  }
  if (deleting) return claims;
  for (auto& object : cache.by_index("orphan", owner.namespace_)) {
    if (is_being_deleted(object->metadata) || !selector.matches(object->metadata.labels)) continue;
    claims.adopt.push_back(std::move(object));
  }
  return claims;
}

// Bodies of strategic merge patches; the uid in them is the precondition.
std::string adopt_patch(const api::meta_v1::OwnerReference& owner, std::string_view uid);
std::string release_patch(std::string_view owner_uid, std::string_view uid);

// Carries the claims out: adopted ones join `owned`. Before the first adoption the owner is read from the server: one
// that is gone, another of the same name, or being deleted adopts nothing (Conflict). What has gone by now is left out.
template <class Owner, class T>
io::Task<base::Result<std::vector<std::shared_ptr<const T>>>> settle(client::Client client, Owner owner,
                                                                     Claims<T> claims) {
  using client::PatchType;
  auto owned = std::move(claims.owned);
  for (auto& object : claims.release) {
    auto released = co_await client.patch<T>(object->metadata.namespace_, object->metadata.name, PatchType::Strategic,
                                             release_patch(owner.metadata.uid, object->metadata.uid));
    // NotFound: gone. Invalid: it has no such owner any more, or is another object of that name.
    if (!released && released.error().code() != base::Code::NotFound &&
        released.error().code() != base::Code::Invalid) {
      co_return base::fail(released.error());
    }
  }
  if (claims.adopt.empty()) co_return owned;
  CO_TRY(Owner fresh, co_await client.get<Owner>(owner.metadata.namespace_, owner.metadata.name));
  if (fresh.metadata.uid != owner.metadata.uid || is_being_deleted(fresh.metadata)) {
    co_return base::fail(base::Code::Conflict, "the owner " + owner.metadata.name + " is gone or being deleted");
  }
  api::meta_v1::OwnerReference reference = controller_reference(owner);
  for (auto& object : claims.adopt) {
    auto adopted = co_await client.patch<T>(object->metadata.namespace_, object->metadata.name, PatchType::Strategic,
                                            adopt_patch(reference, object->metadata.uid));
    if (adopted) {
      owned.push_back(std::make_shared<const T>(std::move(*adopted)));
    } else if (adopted.error().code() != base::Code::NotFound) {
      co_return base::fail(adopted.error());
    }
  }
  co_return owned;
}

}  // namespace controller
