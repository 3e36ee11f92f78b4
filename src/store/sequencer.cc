#include "store/sequencer.h"

#include <pthread.h>

#include <utility>

#include "base/log.h"
#include "store/entry.h"
#include "store/opening.h"

namespace store {

namespace {

// How long a list waits for a revision it must not be older than; upstream's watch cache gives up after three seconds.
constexpr io::Duration kFreshnessWait = std::chrono::seconds(3);
// A commit costs much more than a write in it. Where writes come in numbers, a commit waits for as many as the one
// before it had, as long as more come. A single write is not kept waiting.
constexpr io::Duration kGatherStep = std::chrono::microseconds(200);
constexpr int kGatherStepsMax = 5;

}  // namespace

Sequencer::Sequencer(std::shared_ptr<View> view, Indexer indexer, std::unique_ptr<Journal> journal,
                     std::shared_ptr<const Sealer> sealer)
    : view_(std::move(view)),
      indexer_(std::move(indexer)),
      sealer_(std::move(sealer)),
      journal_(std::move(journal)),
      last_(view_->revision()) {
  if (!journal_) return;
  writer_ = std::thread([this] { write_until_closed(); });
  pthread_setname_np(writer_.native_handle(), "store-writer");
}

Sequencer::~Sequencer() {
  close();
}

io::Task<base::Result<EntryRef>> Sequencer::get(std::string key) {
  {
    base::Lock lock(mutex_);
    if (closed_) co_return base::fail(base::Code::Closed, "the store is closed");
  }
  co_return co_await opened_in(*view_, view_->find(key), indexer_, *sealer_);
}

io::Task<base::Result<Page>> Sequencer::list(std::string prefix, ListOptions options) {
  if (options.not_older_than > view_->revision())
    CO_TRY(co_await view_->reached(options.not_older_than, kFreshnessWait));
  CO_TRY(Page page, view_->page(prefix, options));
  co_return co_await opened_in(*view_, std::move(page), indexer_, *sealer_);
}

base::Result<std::unique_ptr<Watch>> Sequencer::watch(std::string prefix, Revision from, Narrowing only) {
  return view_->watch(std::move(prefix), from, std::move(only));
}

base::Result<void> Sequencer::refusal() {
  if (closed_) return base::fail(base::Code::Closed, "the store is closed");
  if (failure_) return base::fail(*failure_);
  return {};
}

Sequencer::Tip Sequencer::tip_locked(std::string_view key) {
  auto pending = pending_.find(key);
  if (pending == pending_.end()) return {view_->find(key), false};
  const Event& event = *pending->second;
  return {event.kind == Event::Kind::Deleted ? nullptr : event.entry, true};
}

base::Result<Sequencer::Tip> Sequencer::tip(std::string_view key) {
  base::Lock lock(mutex_);
  TRY(refusal());
  return tip_locked(key);
}

base::Result<Sequencer::Proposal> Sequencer::propose(const std::string& key, const EntryRef& seen,
                                                     const Change& change) const {
  Proposal proposal{.key = key, .seen = seen};
  if (change.kind == Change::Kind::Keep || (change.kind == Change::Kind::Delete && !seen)) return proposal;
  if (change.kind == Change::Kind::Delete) {
    proposal.kind = Event::Kind::Deleted;
    proposal.next = std::make_shared<Entry>(*seen);
  } else {
    proposal.kind = seen ? Event::Kind::Modified : Event::Kind::Added;
    proposal.next = make_entry(key, change.value.view(), 0, indexer_);
    if (journal_) {
      TRY(auto form, sealer_->seal(key, proposal.next->value));
      proposal.kept = std::move(form.value);
      proposal.next->seal = std::move(form.seal);
    }
  }
  return proposal;
}

TicketRef Sequencer::enqueue(Record record, Revision compact) {
  auto ticket = std::make_shared<Ticket>();
  if (record.event) ++writes_queued_;
  queue_.push_back({std::move(record), compact, ticket});
  if (queue_.size() == 1) work_.notify_one();
  return ticket;
}

base::Result<Sequencer::Submitted> Sequencer::submit(const Proposal& proposal) {
  Wakeups wakeups;
  {
    base::Lock lock(mutex_);
    TRY(refusal());
    Tip tip = tip_locked(proposal.key);
    if (tip.entry != proposal.seen) return Submitted{};
    if (!proposal.next) return Submitted{true, tip.pending ? enqueue({}, 0) : nullptr};
    proposal.next->revision = ++last_;
    auto event = std::make_shared<const Event>(proposal.kind, proposal.next, proposal.seen);
    if (journal_) {
      pending_.erase(event->entry->key);  // its key view is that of the older event
      pending_.emplace(event->entry->key, event);
      return Submitted{true, enqueue({std::move(event), proposal.kept}, 0)};
    }
    wakeups = view_->publish({event}, last_);
  }
  wakeups.send();
  return Submitted{true, nullptr};
}

io::Task<base::Result<Updated>> Sequencer::update(std::string key, Decide decide) {
  for (;;) {
    CO_TRY(auto tip, tip(key));
    if (tip.entry && !is_opened(*tip.entry)) {
      CO_TRY(co_await opened_in(*view_, tip.entry, indexer_, *sealer_));
      continue;
    }
    auto change = decide(tip.entry.get());
    CO_TRY(Proposal proposal, propose(key, tip.entry, change ? *change : Change::keep()));
    CO_TRY(auto submitted, submit(proposal));
    if (!submitted.accepted) continue;
    if (submitted.ticket) CO_TRY(co_await Ticket::wait(submitted.ticket));
    if (!change) co_return base::fail(change.error());
    if (!proposal.next) co_return Updated{std::move(tip.entry), false};
    co_return Updated{std::move(proposal.next), true};
  }
}

base::Result<TicketRef> Sequencer::submit_compaction(Revision revision) {
  base::Lock lock(mutex_);
  TRY(refusal());
  return journal_ ? enqueue({}, revision) : nullptr;
}

io::Task<base::Result<void>> Sequencer::compact(Revision revision) {
  CO_TRY(view_->compact(revision));
  CO_TRY(auto ticket, submit_compaction(revision));
  if (ticket) CO_TRY(co_await Ticket::wait(ticket));
  co_return base::Result<void>{};
}

void Sequencer::close() {
  {
    base::Lock lock(mutex_);
    closed_ = true;
    work_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
  view_->close().send();
}

size_t Sequencer::wait_for_work() {
  base::Lock lock(mutex_);
  while (queue_.empty() && !closed_) work_.wait(mutex_);
  return closed_ ? 0 : writes_queued_;
}

size_t Sequencer::writes_queued() {
  base::Lock lock(mutex_);
  return writes_queued_;
}

bool Sequencer::take(std::vector<Item>& items) {
  size_t there = wait_for_work();
  for (int i = 0; i < kGatherStepsMax && there > 1 && there < gathered_; ++i) {
    std::this_thread::sleep_for(kGatherStep);
    size_t before = std::exchange(there, writes_queued());
    if (there == before) break;
  }
  base::Lock lock(mutex_);
  items.swap(queue_);
  gathered_ = std::exchange(writes_queued_, 0);
  return !items.empty();
}

base::Result<void> Sequencer::write(const std::vector<Item>& items) {
  std::vector<EventRef> events;
  std::vector<Record> records;
  Revision compact = 0;
  for (const Item& item : items) {
    if (item.record.event) {
      events.push_back(item.record.event);
      records.push_back(item.record);
    }
    if (item.compact > compact) compact = item.compact;
  }
  if (records.empty() && compact == 0) return {};
  TRY(journal_->append(records, compact));
  if (!events.empty()) view_->publish(events, events.back()->entry->revision).send();
  return {};
}

void Sequencer::settle(std::vector<Item>& items) {
  Wakeups wakeups;
  {
    base::Lock lock(mutex_);
    for (const Item& item : items) {
      if (!item.record.event) continue;
      auto pending = pending_.find(item.record.event->entry->key);
      if (pending != pending_.end() && pending->second == item.record.event) pending_.erase(pending);
    }
  }
  for (Item& item : items) wakeups.add(std::move(item.ticket));
  wakeups.send();
}

// What is queued was decided on states that will not be, so it fails too.
void Sequencer::fail_all(std::vector<Item>& items, const base::Error& error) {
  // Once, not for every write that a full disk refuses.
  if (!std::exchange(failing_, true)) {
    LOG_ERROR("Writing to the store failed", {"err", error.message()}, {"usable", journal_->usable()});
  }
  {
    base::Lock lock(mutex_);
    for (Item& item : queue_) items.push_back(std::move(item));
    queue_.clear();
    writes_queued_ = 0;
    pending_.clear();
    last_ = view_->revision();
    if (!journal_->usable()) failure_ = error;
  }
  Wakeups wakeups;
  for (Item& item : items) {
    item.ticket->set_error(error);
    wakeups.add(std::move(item.ticket));
  }
  wakeups.send();
}

void Sequencer::write_until_closed() {
  std::vector<Item> items;
  while (take(items)) {
    auto written = write(items);
    if (written) {
      failing_ = false;
      settle(items);
    } else {
      fail_all(items, written.error());
    }
    items.clear();
  }
}

}  // namespace store
