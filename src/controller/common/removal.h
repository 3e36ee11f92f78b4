// Deleting what was decided on, and nothing that has taken its name since.
#pragma once

#include <memory>

#include "client/client.h"

namespace controller {

// Deletes this very object: another one of its name, known by its uid, stays. Whether it was there to be deleted.
template <class T>
io::Task<base::Result<bool>> remove_exactly(client::Client client, std::shared_ptr<const T> object,
                                            client::DeleteOptions options = {}) {
  using base::Code;
  options.uid = object->metadata.uid;
  auto removed = co_await client.remove<T>(object->metadata.namespace_, object->metadata.name, std::move(options));
  if (removed) co_return true;
  if (removed.error().code() == Code::NotFound || removed.error().code() == Code::Conflict) co_return false;
  co_return base::fail(removed.error());
}

}  // namespace controller
