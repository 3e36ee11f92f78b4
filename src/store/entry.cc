#include "store/entry.h"

#include <cstring>

namespace store {

base::Bytes exact_copy(std::string_view bytes) {
  auto buffer = std::make_shared_for_overwrite<char[]>(bytes.size());
  if (!bytes.empty()) memcpy(buffer.get(), bytes.data(), bytes.size());
  std::string_view view(buffer.get(), bytes.size());
  return base::Bytes(std::move(buffer), view);
}

std::shared_ptr<Entry> make_entry(std::string key, std::string_view value, Revision revision, const Indexer& indexer) {
  auto entry = std::make_shared<Entry>();
  entry->key = std::move(key);
  entry->key.shrink_to_fit();
  entry->value = exact_copy(value);
  entry->revision = revision;
  if (indexer) entry->attributes = indexer(entry->key, entry->value.view());
  entry->attributes.labels.shrink_to_fit();
  entry->attributes.fields.shrink_to_fit();
  return entry;
}

}  // namespace store
