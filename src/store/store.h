// Where objects live: an ordered map from keys to bytes with one revision for the whole map, as etcd has it.
//
// Keys are upstream's: "/registry/pods/default/web-0". A value is the object's storage form (canonical bytes without a
// resource version: the entry's revision is it). Every change takes the next revision. An acknowledged change
// survives a power failure. One contract, and one contract suite, for memory, LMDB and etcd.
//
// Any loop may call; a task resumes on the loop that awaits it. Everything handed out is immutable and shared.
// A loop that waits here outlives the store's close(); tasks end before the store is destroyed, watches may live on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/task.h"
#include "store/attributes.h"
#include "store/sealer.h"

namespace store {

using Revision = uint64_t;

// One object at one revision.
struct Entry {
  std::string key;
  base::Bytes value;
  Revision revision = 0;  // of the change that made this state
  Attributes attributes;
  SealRef seal;  // of the form that is kept; what readers get is opened
};
using EntryRef = std::shared_ptr<const Entry>;

// Reads the attributes off stored bytes. Pure; called on any thread.
using Indexer = std::function<Attributes(std::string_view key, std::string_view value)>;

// What update() is to do with the state it was shown.
struct Change {
  enum class Kind : uint8_t { Keep, Put, Delete };
  Kind kind = Kind::Keep;
  base::Bytes value;  // of Put

  static Change keep() { return {}; }
  static Change put(base::Bytes value) { return {Kind::Put, std::move(value)}; }
  static Change remove() { return {Kind::Delete, {}}; }
};
// Looks at the current state (null: absent) and decides. May be called again when another write came between, so it has
// no effects of its own. An error ends the update and is its result.
using Decide = std::function<base::Result<Change>(const Entry* current)>;

struct Updated {
  EntryRef entry;  // after Put the new state, after Keep the current one (or null), after Delete the LAST state with
                   // the revision of the deletion
  bool changed = false;
};

struct ListOptions {
  Revision at = 0;              // exactly this revision; Expired if no longer kept; 0: the newest
  Revision not_older_than = 0;  // waits (bounded) until the map has come this far: Timeout if it does not
  bool consistent = true;       // with etcd: learns first how far the newest write is; false: what is in memory will do
  std::string start_after;      // continue behind this key
  size_t limit = 0;             // 0: all
};
struct Page {
  std::vector<EntryRef> entries;  // in key order
  Revision revision = 0;          // of the map they were read from
  bool more = false;
  size_t remaining = 0;  // how many follow, when more
};

struct Event {
  enum class Kind : uint8_t { Added, Modified, Deleted };
  Kind kind = Kind::Added;
  EntryRef entry;  // Deleted: the last state, with the deletion's revision
  EntryRef
      previous;  // the state before; null for Added. So a selector can tell "left the selection" from "never in it"
};
using EventRef = std::shared_ptr<const Event>;

// Narrows a watch to the events in which a selectable field has that value, in the state before or in the one after:
// whoever follows the pods of one node of thousands is not woken for the others'. Without a field: all events.
struct Narrowing {
  static constexpr std::string_view kRest = "metadata.name";  // the field that is what of the key is behind the prefix

  std::string field;
  std::string value;
};

// The events under one prefix, in order of revision, each once, none missing. Lives on the loop that opened it.
class Watch {
 public:
  virtual ~Watch() = default;
  // The next events: at least one, or none after interrupt(). Expired when the watcher fell too far behind and events
  // were dropped: the watch is over. Cancelled when the store closes.
  virtual io::Task<base::Result<std::vector<EventRef>>> next() = 0;
  // Whoever waits in next(), or calls it next, gets what there is, be it nothing. On the watch's loop.
  virtual void interrupt() = 0;
  // Every event up to this revision has been returned by next(); for bookmarks.
  virtual Revision seen() const = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // The current state, or null. Not older than any write acknowledged before the call; with etcd, which is asked, it
  // may be newer than revision().
  virtual io::Task<base::Result<EntryRef>> get(std::string key) = 0;

  virtual io::Task<base::Result<Page>> list(std::string prefix, ListOptions options) = 0;

  // The one write path: compare-and-swap in a loop around `decide`. Returns when the change is durable and visible to
  // get, list and watch. Concurrent updates share one commit.
  virtual io::Task<base::Result<Updated>> update(std::string key, Decide decide) = 0;

  // Events after `from` (exclusive) under `prefix`. Expired if history does not reach back that far.
  virtual base::Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision from, Narrowing only = {}) = 0;

  // Whether the entry is kept in the form in which it would be written now.
  virtual bool is_current(const Entry& entry) const = 0;

  // Drops states and events before `revision`: lists at and watches from before it then fail with Expired.
  virtual io::Task<base::Result<void>> compact(Revision revision) = 0;

  // The revision of the newest visible state.
  virtual Revision revision() const = 0;
  virtual Revision compacted() const = 0;

  // Ends all watches and waits for writes in flight. Idempotent. What comes after fails with Closed.
  virtual void close() = 0;
};

// How much of the past is kept for watches and lists at older revisions: what exceeds any of these goes, oldest first,
// whenever something is written.
struct HistoryOptions {
  size_t events_max = 100'000;
  size_t bytes_max = size_t{128} << 20;  // of replaced and deleted states; the living ones cost nothing
  int64_t age_seconds_max = 300;         // upstream compacts every five minutes
  size_t watch_events_max = 10'000;      // that one watch may lag behind before it ends with Expired
};

struct MemoryOptions {
  Indexer indexer;
  HistoryOptions history = {};
};
std::unique_ptr<Store> open_memory(MemoryOptions options);

struct LmdbOptions {
  std::string directory;  // made if missing, 0700; refused when another process has it open
  Indexer indexer;
  std::shared_ptr<const Sealer> sealer = no_sealer();
  HistoryOptions history = {};
  size_t map_bytes_max = size_t{64} << 30;  // address space, not memory
};
// Loads all; a failed sync closes the store for good (the error of every later call).
base::Result<std::unique_ptr<Store>> open_lmdb(LmdbOptions options);

struct EtcdOptions {
  std::vector<std::string> endpoints;  // "https://10.0.0.1:2379"
  std::string ca_file, certificate_file, key_file;
  std::string prefix = "/registry";
  Indexer indexer;
  std::shared_ptr<const Sealer> sealer = no_sealer();
  HistoryOptions history = {};
};
// On the current loop, which carries the connection. Loads all keys under the prefix and follows them.
io::Task<base::Result<std::unique_ptr<Store>>> open_etcd(EtcdOptions options);

}  // namespace store
