// Objects in one LMDB file: what open_lmdb() loads from and its write path appends to.
//
// Layout of DIRECTORY/data.mdb (numbers are big-endian):
//   main database     "format" -> u64 1; "revision" -> u64, the newest; "compacted" -> u64
//   "objects"         key -> u64 revision, value
//   "long"            u64 number -> u64 revision, u32 length of the key, key, value; for keys that LMDB cannot hold
//                     (over 511 bytes: group, resource, namespace and name at their longest are more)
// The revision is written in the commit of every change, so it never goes back, whatever the last change was. Beside it
// lies "navarch.lock", held as long as the store is open: kernel locks go with their process.
//
// A commit syncs the data pages, then writes the meta page through a synchronous descriptor. If that fails half way the
// file is intact, but what is on it is unknown: nothing is written any more. A full disk or map fails the commit before
// that.
#pragma once

#include <lmdb.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/journal.h"

namespace store {

class LmdbJournal final : public Journal {
 public:
  // What the file held when it was opened.
  struct Contents {
    std::vector<EntryRef> entries;  // by key
    Revision revision = 1;
    Revision compacted = 0;
  };
  struct Opened;

  // Makes the folder (0700) and the file (0600) if missing. Unavailable when another process has them open; Forbidden,
  // or what else the system says, with the folder's name.
  static base::Result<Opened> open(const LmdbOptions& options);
  ~LmdbJournal() override;
  LmdbJournal(const LmdbJournal&) = delete;
  LmdbJournal& operator=(const LmdbJournal&) = delete;

  base::Result<void> append(const std::vector<Record>& records, Revision compact) override;
  bool usable() const override { return usable_; }

 private:
  explicit LmdbJournal(std::string directory) : directory_(std::move(directory)) {}

  base::Result<void> lock();
  base::Result<void> open_environment(size_t map_bytes_max);
  base::Result<void> check_format(MDB_txn* transaction);
  base::Result<Contents> load(const LmdbOptions& options);
  base::Result<void> load_objects(MDB_txn* transaction, const LmdbOptions& options, std::vector<EntryRef>& entries);
  base::Result<void> load_long(MDB_txn* transaction, const LmdbOptions& options, std::vector<EntryRef>& entries);
  int write(MDB_txn* transaction, const std::vector<Record>& records, Revision compact);
  int put(MDB_txn* transaction, const Entry& entry, std::string_view kept);
  int remove(MDB_txn* transaction, const std::string& key);
  int commit(const std::vector<Record>& records, Revision compact);
  // Pages of the file that were looked at count as this process's memory as long as they are mapped. What is asked of
  // them again comes back from the system's cache.
  base::Result<void> let_go_of_pages();
  base::Error error(std::string_view what, int number) const;

  const std::string directory_;
  int lock_fd_ = -1;
  MDB_env* environment_ = nullptr;
  MDB_dbi main_ = 0;
  MDB_dbi objects_ = 0;
  MDB_dbi long_ = 0;
  size_t key_bytes_max_ = 0;
  size_t map_bytes_ = 0;
  std::unordered_map<std::string, uint64_t> long_numbers_;  // of the keys in "long"
  uint64_t next_long_number_ = 1;
  bool usable_ = true;
  size_t written_since_letting_go_ = 0;
};

struct LmdbJournal::Opened {
  std::unique_ptr<LmdbJournal> journal;
  Contents contents;
};

}  // namespace store
