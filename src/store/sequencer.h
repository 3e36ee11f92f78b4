// The write path of a store that is its own master (memory, LMDB): gives each change its revision, in one order, and
// makes it visible once it is durable.
//
// `decide` runs on the caller's thread against the newest state of its key, durable or not yet, so that changes of one
// key follow each other in one commit. If another change of the key came between, it decides again. Whatever rests on a
// state that is not durable yet, a refusal too, is answered only when that state is; if the commit fails, all that
// waited behind it fails.
//
// With a journal one thread takes all that waits into one commit; without one, changes take effect at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "store/journal.h"
#include "store/store.h"
#include "store/view.h"

namespace store {

class Sequencer final : public Store {
 public:
  // `journal` may be null.
  Sequencer(std::shared_ptr<View> view, Indexer indexer, std::unique_ptr<Journal> journal,
            std::shared_ptr<const Sealer> sealer = no_sealer());
  ~Sequencer() override;

  io::Task<base::Result<EntryRef>> get(std::string key) override;
  io::Task<base::Result<Page>> list(std::string prefix, ListOptions options) override;
  io::Task<base::Result<Updated>> update(std::string key, Decide decide) override;
  base::Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision from, Narrowing only) override;
  bool is_current(const Entry& entry) const override { return sealer_->is_current(entry.key, entry.seal); }
  io::Task<base::Result<void>> compact(Revision revision) override;
  Revision revision() const override { return view_->revision(); }
  Revision compacted() const override { return view_->compacted(); }
  void close() override;

 private:
  // The newest state of a key. `pending`: on its way to the disk.
  struct Tip {
    EntryRef entry;
    bool pending = false;
  };
  // One place in the queue: a change, a compaction, or neither (who waits for what is before it).
  struct Item {
    Record record;  // without an event: no change
    Revision compact = 0;
    TicketRef ticket;
  };
  using Pending = std::unordered_map<std::string_view, EventRef>;  // the key is the event's

  // What update() hands in: `next` is the state to come, or the last one of a key that goes; null: nothing changes, and
  // only what was seen has to be settled. `kind` and `previous` are the event's.
  struct Proposal {
    std::string_view key;
    EntryRef seen;
    Event::Kind kind = Event::Kind::Added;
    std::shared_ptr<Entry> next;
    base::Bytes kept;  // the form of `next` that the journal gets
  };
  struct Submitted {
    bool accepted = false;  // false: the tip is no longer what was seen
    TicketRef ticket;       // null: nothing to wait for
  };

  base::Result<Tip> tip(std::string_view key) EXCLUDES(mutex_);
  base::Result<Submitted> submit(const Proposal& proposal) EXCLUDES(mutex_);
  base::Result<TicketRef> submit_compaction(Revision revision) EXCLUDES(mutex_);
  base::Result<Proposal> propose(const std::string& key, const EntryRef& seen, const Change& change) const;
  Tip tip_locked(std::string_view key) REQUIRES(mutex_);
  base::Result<void> refusal() REQUIRES(mutex_);
  TicketRef enqueue(Record record, Revision compact) REQUIRES(mutex_);

  void write_until_closed();
  // How many writes there are for the writer; 0 when no more will come.
  size_t wait_for_work() EXCLUDES(mutex_);
  size_t writes_queued() EXCLUDES(mutex_);
  bool take(std::vector<Item>& items) EXCLUDES(mutex_);
  base::Result<void> write(const std::vector<Item>& items);
  void settle(std::vector<Item>& items) EXCLUDES(mutex_);
  void fail_all(std::vector<Item>& items, const base::Error& error) EXCLUDES(mutex_);

  const std::shared_ptr<View> view_;
  const Indexer indexer_;
  const std::shared_ptr<const Sealer> sealer_;
  const std::unique_ptr<Journal> journal_;  // used by the writer thread alone
  bool failing_ = false;                    // since the last commit; likewise
  size_t gathered_ = 0;                     // by the last commit; likewise

  base::Mutex mutex_;
  base::Condition work_;
  Revision last_ GUARDED_BY(mutex_);  // given out
  Pending pending_ GUARDED_BY(mutex_);
  std::vector<Item> queue_ GUARDED_BY(mutex_);  // writes, and those who wait for what is pending
  size_t writes_queued_ GUARDED_BY(mutex_) = 0;
  std::optional<base::Error> failure_ GUARDED_BY(mutex_);  // of a journal that is no longer usable
  bool closed_ GUARDED_BY(mutex_) = false;

  std::thread writer_;
};

}  // namespace store
