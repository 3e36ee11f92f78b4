// Entries whose value is still in the form it is kept in: made when a store is loaded, or when they could not be
// opened, and opened when they are read.
#pragma once

#include <string>
#include <string_view>

#include "store/sealer.h"
#include "store/store.h"
#include "store/view.h"

namespace store {

inline bool is_opened(const Entry& entry) {
  return !entry.seal || entry.seal->opened;
}

// The entry of what is kept: as it is to be read if it is kept plain, else unopened.
EntryRef make_kept_entry(std::string key, std::string_view kept, Revision revision, const Indexer& indexer,
                         const Sealer& sealer);

// The entry with its value opened. The caller adds which key, where that is not plain.
io::Task<base::Result<EntryRef>> opened(EntryRef entry, const Indexer& indexer, const Sealer& sealer);

// The same of an entry that `view` has shown (or null): it shows the opened one from then on.
io::Task<base::Result<EntryRef>> opened_in(View& view, EntryRef entry, const Indexer& indexer, const Sealer& sealer);
// Of all entries of a page. An error names the first key that cannot be opened.
io::Task<base::Result<Page>> opened_in(View& view, Page page, const Indexer& indexer, const Sealer& sealer);

}  // namespace store
