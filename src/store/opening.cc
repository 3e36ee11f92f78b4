#include "store/opening.h"

#include <algorithm>

#include "base/strings.h"
#include "store/entry.h"

namespace store {
namespace {

SealRef unopened() {
  static const auto seal = std::make_shared<const Seal>(Seal{.with = "", .opened = false});
  return seal;
}

}  // namespace

EntryRef make_kept_entry(std::string key, std::string_view kept, Revision revision, const Indexer& indexer,
                         const Sealer& sealer) {
  if (sealer.is_plain(key, kept)) return make_entry(std::move(key), kept, revision, indexer);
  auto entry = make_entry(std::move(key), kept, revision, nullptr);
  entry->seal = unopened();
  return entry;
}

io::Task<base::Result<EntryRef>> opened(EntryRef entry, const Indexer& indexer, const Sealer& sealer) {
  if (is_opened(*entry)) co_return entry;
  CO_TRY(auto form, co_await sealer.open(entry->key, entry->value));
  auto plain = make_entry(entry->key, form.value.view(), entry->revision, indexer);
  plain->seal = std::move(form.seal);
  co_return plain;
}

io::Task<base::Result<EntryRef>> opened_in(View& view, EntryRef entry, const Indexer& indexer, const Sealer& sealer) {
  if (!entry || is_opened(*entry)) co_return entry;
  CO_TRY(EntryRef plain, co_await opened(entry, indexer, sealer));
  co_return view.replace(entry, std::move(plain));
}

io::Task<base::Result<Page>> opened_in(View& view, Page page, const Indexer& indexer, const Sealer& sealer) {
  for (EntryRef& entry : page.entries) {
    if (is_opened(*entry)) continue;
    auto plain = co_await opened_in(view, entry, indexer, sealer);
    if (!plain) {
      co_return base::fail(
          plain.error().with_context(base::cat({"unable to transform key ", base::quote(entry->key)})));
    }
    entry = std::move(*plain);
  }
  co_return page;
}

}  // namespace store
