#include "store/etcd/etcd_follower.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "store/entry.h"
#include "store/index.h"
#include "store/opening.h"

namespace store {

namespace {

constexpr size_t kKeysPerRead = 1000;
constexpr io::Duration kPauseMin = std::chrono::milliseconds(50);
constexpr io::Duration kPauseMax = std::chrono::seconds(2);
constexpr int64_t kAskedWatch = -1;  // the watch id of progress that was asked for

Revision revision_of(const schema::Box<etcd::ResponseHeader>& header) {
  return header ? static_cast<Revision>(header->revision) : 0;
}

std::shared_ptr<Entry> gone(const Entry& last, Revision revision) {
  auto entry = std::make_shared<Entry>(last);
  entry->revision = revision;
  return entry;
}

}  // namespace

bool etcd_progress_is_ordered(std::string_view version) {
  std::array<int64_t, 3> numbers{};
  size_t count = 0;
  for (std::string_view part : base::split(version.substr(0, version.find_first_of("-+")), '.')) {
    auto number = base::parse_int(part);
    if (!number || count == numbers.size()) return false;
    numbers[count++] = *number;
  }
  if (numbers < std::array<int64_t, 3>{3, 5, 0}) return numbers >= std::array<int64_t, 3>{3, 4, 25};
  return numbers >= std::array<int64_t, 3>{3, 5, 8};
}

io::Task<base::Result<std::unique_ptr<EtcdFollower>>> EtcdFollower::start(EtcdClient& client, std::string prefix,
                                                                          Indexer indexer,
                                                                          std::shared_ptr<const Sealer> sealer,
                                                                          View::Options options) {
  std::unique_ptr<EtcdFollower> follower(
      new EtcdFollower(client, std::move(prefix), std::move(indexer), std::move(sealer)));
  CO_TRY(co_await follower->learn_version());
  CO_TRY(Page all, co_await follower->read_all());
  follower->view_ =
      std::make_shared<View>(options, base::system_clock(), Index(all.entries), all.revision, all.revision);
  follower->following_.spawn(follower->follow());
  co_return follower;
}

io::Task<base::Result<void>> EtcdFollower::learn_version() {
  CO_TRY(auto status, co_await client_.status());
  can_ask_ = etcd_progress_is_ordered(status.version);
  co_return base::Result<void>{};
}

EntryRef EtcdFollower::kept_entry_of(const etcd::KeyValue& pair) const {
  auto revision = static_cast<Revision>(pair.mod_revision);
  if (view_) {
    EntryRef known = view_->find(pair.key);
    if (known && known->revision == revision) return known;
  }
  return make_kept_entry(pair.key, pair.value, revision, indexer_, *sealer_);
}

// What cannot be opened now is tried again when it is read.
io::Task<EntryRef> EtcdFollower::opened_if_possible(EntryRef entry) const {
  auto plain = co_await opened(entry, indexer_, *sealer_);
  co_return plain ? std::move(*plain) : std::move(entry);
}

io::Task<EntryRef> EtcdFollower::entry_of(const etcd::KeyValue& pair) const {
  return opened_if_possible(kept_entry_of(pair));
}

io::Task<base::Result<Page>> EtcdFollower::read(std::string begin, std::string end, size_t limit, Revision revision) {
  etcd::RangeRequest request;
  request.key = std::move(begin);
  request.range_end = std::move(end);
  request.limit = static_cast<int64_t>(limit);
  request.revision = static_cast<int64_t>(revision);
  CO_TRY(auto response, co_await client_.range(std::move(request)));
  Page page;
  page.revision = revision != 0 ? revision : revision_of(response.header);
  page.more = response.more;
  page.remaining =
      static_cast<size_t>(response.count) - std::min(static_cast<size_t>(response.count), response.kvs.size());
  page.entries.reserve(response.kvs.size());
  for (const etcd::KeyValue& pair : response.kvs) {
    EntryRef entry = kept_entry_of(pair);
    if (!is_opened(*entry)) entry = co_await opened_if_possible(std::move(entry));
    page.entries.push_back(std::move(entry));
  }
  co_return page;
}

io::Task<base::Result<Page>> EtcdFollower::read_all() {
  Page all;
  std::string begin = prefix_;
  for (;;) {
    CO_TRY(Page page, co_await read(begin, etcd_prefix_end(prefix_), kKeysPerRead, all.revision));
    all.revision = page.revision;
    all.entries.insert(all.entries.end(), page.entries.begin(), page.entries.end());
    if (!page.more || page.entries.empty()) co_return all;
    begin = all.entries.back()->key + '\0';
  }
}

void EtcdFollower::restart() {
  following_.cancel();
  watch_.reset();
  following_.spawn(follow());
}

io::Task<base::Result<void>> EtcdFollower::ask_for_progress() {
  if (!watch_) co_return base::fail(base::Code::Unavailable, "etcd is not being followed at the moment");
  co_return co_await watch_->request_progress();
}

io::Task<void> EtcdFollower::follow() {
  pause_ = kPauseMin;
  for (;;) {
    base::Error ended = co_await follow_once();
    watch_.reset();
    if (ended.code() == base::Code::Expired) {
      auto loaded = co_await load_anew();
      if (loaded) continue;
      ended = loaded.error();
    }
    if (!std::exchange(outage_told_, true)) LOG_WARNING("Lost the watch of etcd", {"err", ended.message()});
    co_await io::sleep(pause_);
    pause_ = std::min(pause_ * 2, kPauseMax);
  }
}

io::Task<base::Error> EtcdFollower::follow_once() {
  etcd::WatchCreateRequest request;
  request.key = prefix_;
  request.range_end = etcd_prefix_end(prefix_);
  request.start_revision = static_cast<int64_t>(view_->revision() + 1);
  request.progress_notify = true;
  auto watch = co_await client_.watch(std::move(request));
  if (!watch) co_return watch.error();
  watch_ = std::move(*watch);
  pause_ = kPauseMin;
  if (std::exchange(outage_told_, false)) LOG_INFO("Watching etcd again", {"revision", view_->revision()});
  for (;;) {
    auto response = co_await watch_->next();
    if (!response) co_return response.error();
    co_await apply(std::move(*response));
  }
}

io::Task<void> EtcdFollower::apply(etcd::WatchResponse response) {
  if (response.events.empty()) {
    bool asked = response.watch_id == kAskedWatch;
    if (!response.created && (!asked || can_ask_)) view_->publish({}, revision_of(response.header)).send();
    co_return;
  }
  std::vector<EventRef> events;
  std::unordered_map<std::string_view, EntryRef> newer;  // what earlier events of this answer left; null: nothing
  Revision newest = 0;
  for (const etcd::Event& told : response.events) {
    if (!told.kv) continue;
    auto revision = static_cast<Revision>(told.kv->mod_revision);
    newest = std::max(newest, revision);
    auto earlier = newer.find(told.kv->key);
    EntryRef previous = earlier != newer.end() ? earlier->second : view_->find(told.kv->key);
    if (previous && !is_opened(*previous)) previous = co_await opened_if_possible(std::move(previous));
    if (told.type == etcd::Event::EventType::Delete) {
      if (!previous) continue;
      events.push_back(std::make_shared<const Event>(Event::Kind::Deleted, gone(*previous, revision), previous));
      newer[previous->key] = nullptr;
    } else {
      EntryRef entry = make_kept_entry(told.kv->key, told.kv->value, revision, indexer_, *sealer_);
      if (!is_opened(*entry)) entry = co_await opened_if_possible(std::move(entry));
      if (previous && !is_opened(*previous)) previous = nullptr;  // nobody could read that it was there
      auto kind = previous ? Event::Kind::Modified : Event::Kind::Added;
      events.push_back(std::make_shared<const Event>(kind, entry, std::move(previous)));
      newer.insert_or_assign(entry->key, entry);
    }
  }
  view_->publish(events, newest).send();
}

// What came and went in between is lost, and nobody can list it any more; what is different now is told.
io::Task<base::Result<void>> EtcdFollower::load_anew() {
  CO_TRY(Page now, co_await read_all());
  CO_TRY(Page then, view_->page(prefix_, {}));
  std::vector<EventRef> events;
  auto old = then.entries.begin();
  auto vanish = [&](const EntryRef& last) {
    events.push_back(std::make_shared<const Event>(Event::Kind::Deleted, gone(*last, now.revision), last));
  };
  for (const EntryRef& entry : now.entries) {
    for (; old != then.entries.end() && (*old)->key < entry->key; ++old) vanish(*old);
    EntryRef previous = old != then.entries.end() && (*old)->key == entry->key ? *old++ : nullptr;
    if (previous && previous->revision == entry->revision) continue;
    auto kind = previous ? Event::Kind::Modified : Event::Kind::Added;
    events.push_back(std::make_shared<const Event>(kind, entry, std::move(previous)));
  }
  for (; old != then.entries.end(); ++old) vanish(*old);
  std::sort(events.begin(), events.end(), [](const EventRef& a, const EventRef& b) {
    return std::tie(a->entry->revision, a->entry->key) < std::tie(b->entry->revision, b->entry->key);
  });
  view_->publish(events, now.revision).send();
  LOG_WARNING("Loaded anew from etcd, which had compacted the past", {"revision", now.revision},
              {"changes", uint64_t{events.size()}});
  co_return view_->compact(now.revision);
}

}  // namespace store
