// Keeps a View as the keys under a prefix of an etcd cluster are: loads them, follows their changes, connects again
// behind what was seen, and where etcd has compacted that, loads anew and tells the difference. One loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/loop.h"
#include "io/task.h"
#include "store/etcd/etcd_client.h"
#include "store/store.h"
#include "store/view.h"

namespace store {

class EtcdFollower {
 public:
  // The client is borrowed and outlives the follower. Ends without success when the keys cannot be loaded.
  static io::Task<base::Result<std::unique_ptr<EtcdFollower>>> start(EtcdClient& client, std::string prefix,
                                                                     Indexer indexer,
                                                                     std::shared_ptr<const Sealer> sealer,
                                                                     View::Options options);
  EtcdFollower(const EtcdFollower&) = delete;
  EtcdFollower& operator=(const EtcdFollower&) = delete;

  const std::shared_ptr<View>& view() const { return view_; }
  // Whether a server that is asked for progress answers only after the events before it. Older versions mix them up
  // (etcd pull requests 15220 and 15236), so a list cannot learn from them that the view is complete.
  bool can_ask_for_progress() const { return can_ask_; }
  // Asks; the view's revision then comes at least as far as the cluster's is now.
  io::Task<base::Result<void>> ask_for_progress();
  // The watch has not told what it should have: begin another. Not from one of the follower's own tasks.
  void restart();
  // The keys in [begin, end) as they are, or were at `revision` if that is not 0. Entries that the view has are shared.
  io::Task<base::Result<Page>> read(std::string begin, std::string end, size_t limit, Revision revision);
  // Opened if it can be.
  io::Task<EntryRef> entry_of(const etcd::KeyValue& pair) const;

 private:
  EtcdFollower(EtcdClient& client, std::string prefix, Indexer indexer, std::shared_ptr<const Sealer> sealer)
      : client_(client), prefix_(std::move(prefix)), indexer_(std::move(indexer)), sealer_(std::move(sealer)) {}

  io::Task<base::Result<Page>> read_all();
  io::Task<base::Result<void>> learn_version();
  io::Task<void> follow();
  io::Task<base::Error> follow_once();
  io::Task<base::Result<void>> load_anew();
  EntryRef kept_entry_of(const etcd::KeyValue& pair) const;
  io::Task<EntryRef> opened_if_possible(EntryRef entry) const;
  io::Task<void> apply(etcd::WatchResponse response);

  EtcdClient& client_;
  const std::string prefix_;
  const Indexer indexer_;
  const std::shared_ptr<const Sealer> sealer_;
  std::shared_ptr<View> view_;
  bool can_ask_ = false;
  bool outage_told_ = false;
  io::Duration pause_{};
  std::unique_ptr<EtcdWatch> watch_;  // null while not connected
  io::Scope following_;
};

// The version of an etcd server from which on progress that is asked for can be relied on.
bool etcd_progress_is_ordered(std::string_view version);

}  // namespace store
