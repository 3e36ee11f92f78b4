// Making entries as the stores keep them: each in buffers of exactly the size needed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "store/store.h"

namespace store {

// The bytes in a buffer of their own: what arrives may be a slice of a request, or have room to grow.
base::Bytes exact_copy(std::string_view bytes);

// Copies `value` and reads its attributes; `indexer` may be null.
std::shared_ptr<Entry> make_entry(std::string key, std::string_view value, Revision revision, const Indexer& indexer);

}  // namespace store
