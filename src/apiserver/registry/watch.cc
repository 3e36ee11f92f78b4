#include "apiserver/registry/watch.h"

#include <algorithm>
#include <utility>

#include "apiserver/crd/kind.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// Bookmarks of all watches fall on the same moments, so that an idle server wakes once for them all.
constexpr int64_t kBookmarkEveryNs = 60 * kSecondNs;

int64_t next_bookmark(int64_t now_ns) {
  return (now_ns / kBookmarkEveryNs + 1) * kBookmarkEveryNs;
}

base::Error too_old(store::Revision asked, store::Revision oldest) {
  return expired(base::cat({"too old resource version: ", std::to_string(asked), " (", std::to_string(oldest), ")"}));
}

}  // namespace

io::Task<base::Result<std::unique_ptr<WatchStream>>> WatchStream::open(store::Store& store, const Served& served,
                                                                       std::string namespace_, ListQuery query,
                                                                       Convert convert) {
  std::unique_ptr<WatchStream> stream(new WatchStream(served, Selection(served, query.labels, query.fields)));
  stream->convert_ = std::move(convert);
  std::string prefix = stream->selection_.prefix(namespace_);
  CO_TRY(auto asked, parse_resource_version(query.resource_version));
  int64_t now_ns = io::Loop::current().clock().monotonic_ns();
  stream->bookmarks_ = query.allow_bookmarks;
  stream->next_bookmark_ns_ = next_bookmark(now_ns);
  if (query.timeout_seconds && *query.timeout_seconds > 0)
    stream->deadline_ns_ = now_ns + *query.timeout_seconds * kSecondNs;

  bool with_state = query.send_initial_events ? *query.send_initial_events
                                              : query.resource_version.empty() || query.resource_version == "0";
  store::Revision from = asked;
  if (asked > store.revision()) {
    from = store.revision();
    stream->not_before_ = asked;
  }
  if (with_state) {
    CO_TRY(auto page, co_await store.list(prefix, {}));
    from = page.revision;
    if (stream->converts_first()) {
      CO_TRY(page.entries, co_await stream->convert_(std::move(page.entries)));
    }
    for (auto& entry : page.entries) {
      if (!stream->selection_.matches(*entry)) continue;
      store::Revision revision = entry->revision;
      stream->initial_.push_back({WatchItem::Kind::Added, std::move(entry), revision});
    }
    if (query.send_initial_events && stream->bookmarks_) {
      stream->initial_.push_back({.kind = WatchItem::Kind::Bookmark, .revision = from, .ends_initial_events = true});
    }
  } else if (asked == 0) {
    from = store.revision();
  }
  if (served.custom() != nullptr && !with_state && asked != 0) {
    store::Revision begin = served.custom()->definition_revision();
    if (asked < begin) co_return base::fail(too_old(asked, begin));
  }
  auto watch = store.watch(served.prefix(namespace_), from, stream->selection_.narrowing(namespace_));
  if (!watch) {
    if (watch.error().code() == base::Code::Expired) co_return base::fail(too_old(asked, store.compacted()));
    co_return base::fail(std::move(watch).error());
  }
  stream->watch_ = std::move(*watch);
  stream->told_ = from;
  co_return stream;
}

void WatchStream::take(const store::EventRef& event, std::vector<WatchItem>& items) const {
  store::Revision revision = event->entry->revision;
  // A reference to the event is one to its states.
  store::EntryRef now(event, event->entry.get());
  store::EntryRef before(event, event->previous.get());
  bool is_in = event->kind != store::Event::Kind::Deleted && selection_.matches(*now);
  bool was_in = before != nullptr && selection_.matches(*before);
  if (event->kind == store::Event::Kind::Deleted) {
    if (was_in || (before == nullptr && selection_.matches(*now))) {
      items.push_back({WatchItem::Kind::Deleted, std::move(now), revision});
    }
  } else if (is_in) {
    items.push_back({was_in ? WatchItem::Kind::Modified : WatchItem::Kind::Added, std::move(now), revision});
  } else if (was_in) {
    items.push_back({WatchItem::Kind::Deleted, std::move(before), revision});
  }
}

io::Task<base::Result<std::vector<WatchItem>>> WatchStream::next() {
  if (!initial_.empty()) co_return co_await converted(std::exchange(initial_, {}));
  std::vector<WatchItem> items;
  while (items.empty()) {
    int64_t now_ns = io::Loop::current().clock().monotonic_ns();
    if (deadline_ns_ != 0 && now_ns >= deadline_ns_) co_return base::fail(base::Code::Closed, "the watch's time is up");
    if (bookmarks_ && now_ns >= next_bookmark_ns_) {
      next_bookmark_ns_ = next_bookmark(now_ns);
      if (watch_->seen() > told_) {
        told_ = watch_->seen();
        items.push_back({.kind = WatchItem::Kind::Bookmark, .revision = told_});
        break;
      }
    }
    set_alarm(now_ns);
    auto events = co_await watch_->next();
    if (!events) {
      if (events.error().code() == base::Code::Expired) co_return base::fail(too_old(told_, watch_->seen()));
      co_return base::fail(base::Code::Closed, events.error().message());
    }
    if (converts_first() && !events->empty()) {
      CO_TRY(*events, co_await readable(std::move(*events)));
    }
    for (const auto& event : *events) {
      if (event->entry->revision > not_before_) take(event, items);
    }
    if (!items.empty()) told_ = items.back().revision;
  }
  if (convert_ == nullptr) co_return items;
  co_return co_await converted(std::move(items));
}

// It is left running from one wait to the next: events come far more often than it has to change.
void WatchStream::set_alarm(int64_t now_ns) {
  int64_t until_ns = deadline_ns_;
  if (bookmarks_) until_ns = until_ns == 0 ? next_bookmark_ns_ : std::min(until_ns, next_bookmark_ns_);
  if (until_ns == 0 || (alarm_.running() && until_ns == alarm_ns_)) return;
  alarm_ns_ = until_ns;
  alarm_.start(std::chrono::nanoseconds(until_ns - now_ns), [this] { watch_->interrupt(); });
}

io::Task<base::Result<std::vector<store::EventRef>>> WatchStream::readable(std::vector<store::EventRef> events) const {
  std::vector<store::EntryRef> entries;
  for (const auto& event : events) {
    entries.push_back(event->entry);
    if (event->previous != nullptr) entries.push_back(event->previous);
  }
  CO_TRY(entries, co_await convert_(std::move(entries)));
  size_t next = 0;
  for (auto& event : events) {
    store::Event read = *event;
    read.entry = std::move(entries[next++]);
    if (read.previous != nullptr) read.previous = std::move(entries[next++]);
    event = std::make_shared<const store::Event>(std::move(read));
  }
  co_return events;
}

io::Task<base::Result<std::vector<WatchItem>>> WatchStream::converted(std::vector<WatchItem> items) const {
  if (convert_ == nullptr || converts_first()) co_return items;
  std::vector<store::EntryRef> entries;
  for (const auto& item : items) {
    if (item.entry != nullptr) entries.push_back(item.entry);
  }
  CO_TRY(entries, co_await convert_(std::move(entries)));
  size_t next = 0;
  for (auto& item : items) {
    if (item.entry != nullptr) item.entry = std::move(entries[next++]);
  }
  co_return items;
}

}  // namespace apiserver
