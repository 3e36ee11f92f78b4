// The store over etcd, in upstream's layout: the keys as they are, the storage form as the value, one revision for all.
//
// The connection and what follows the cluster live on the loop that opened the store (its home); callers on other loops
// hand their calls over. Reads of a key ask the cluster; lists are answered from memory once that has come as far as
// the cluster. Other writers, upstream's API servers too, may share the cluster.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "io/loop.h"
#include "store/etcd/etcd_client.h"
#include "store/etcd/etcd_follower.h"
#include "store/store.h"
#include "store/ticket.h"
#include "store/view.h"

namespace store {

class EtcdStore final : public Store {
 public:
  EtcdStore(std::unique_ptr<EtcdClient> client, std::unique_ptr<EtcdFollower> follower, EtcdOptions options);
  ~EtcdStore() override;

  io::Task<base::Result<EntryRef>> get(std::string key) override;
  io::Task<base::Result<Page>> list(std::string prefix, ListOptions options) override;
  io::Task<base::Result<Updated>> update(std::string key, Decide decide) override;
  base::Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision from, Narrowing only) override;
  bool is_current(const Entry& entry) const override { return sealer_->is_current(entry.key, entry.seal); }
  io::Task<base::Result<void>> compact(Revision revision) override;
  Revision revision() const override { return view_->revision(); }
  Revision compacted() const override { return view_->compacted(); }
  // On the home loop at once; from elsewhere soon. Writes in flight end with Closed, though they may have happened.
  void close() override;

 private:
  struct Home;
  // What one transaction came to: `entry` is the new state, or the one that was in the way (null: none).
  struct Attempt {
    bool succeeded = false;
    Revision revision = 0;
    EntryRef entry;
  };

  // Runs `task` on the home loop and returns here with its result; Closed when the store closes first.
  template <class T>
  io::Task<base::Result<T>> at_home(io::Task<base::Result<T>> task);

  io::Task<base::Result<Updated>> made_visible(std::string key, Attempt attempt, EntryRef last, Change change,
                                               SealRef seal);
  io::Task<base::Result<Page>> list_kept(std::string prefix, ListOptions options);
  io::Task<base::Result<Page>> list_past(std::string prefix, ListOptions options);
  base::Result<void> check_key(std::string_view key) const;

  const std::string prefix_;
  const Indexer indexer_;
  const std::shared_ptr<const Sealer> sealer_;
  const std::shared_ptr<View> view_;
  io::Loop& home_loop_;
  const std::shared_ptr<Home> home_;
};

}  // namespace store
