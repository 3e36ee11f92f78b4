// What only LMDB promises: its files, its lock, and what a failing disk does.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "store/lmdb/lmdb_journal.h"
#include "store/testing_backends.h"

namespace {

// The errno that the disk answers with; 0: it works. LMDB's calls of these functions end here.
std::atomic<int> sync_fault = 0;
std::atomic<int> write_fault = 0;
std::atomic<int> syncs = 0;

}  // namespace

extern "C" int fdatasync(int fd) {
  ++syncs;
  if (int number = sync_fault) return errno = number, -1;
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}
extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  if (int number = write_fault) return errno = number, -1;
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}
extern "C" ssize_t writev(int fd, const iovec* pieces, int count) {
  if (int number = write_fault) return errno = number, -1;
  return syscall(SYS_writev, fd, pieces, count);
}

namespace store {
namespace {

using base::Bytes;
using base::Code;

class LmdbStore : public testing::Test {
 protected:
  void TearDown() override {
    sync_fault = 0;
    write_fault = 0;
    store_.reset();
    std::filesystem::remove_all(root_);
  }
  base::Result<void> open(size_t map_bytes_max = size_t{1} << 30) {
    auto opened = open_lmdb({.directory = folder_, .map_bytes_max = map_bytes_max});
    if (!opened) return base::fail(opened.error());
    store_ = std::move(*opened);
    return {};
  }
  base::Result<Updated> put(std::string key, std::string value) {
    return loop_->run_task(store_->update(std::move(key), [&](const Entry*) { return Change::put(Bytes(value)); }));
  }
  std::string get(std::string key) {
    auto entry = loop_->run_task(store_->get(std::move(key)));
    return !entry ? entry.error().message() : *entry ? std::string((*entry)->value.view()) : "absent";
  }
  static io::Task<void> put_one(Store* store, std::string key, int* failed, int* done) {
    auto updated = co_await store->update(key, [](const Entry* current) {
      return Change::put(Bytes(std::string(current ? current->value.view() : "") + "x"));
    });
    if (!updated) ++*failed;
    ++*done;
  }
  // `keys` keys, each written `times` times at once; how many failed.
  static io::Task<int> put_many(Store* store, int keys, int times) {
    int failed = 0;
    int done = 0;
    io::Scope scope;
    for (int i = 0; i < keys * times; ++i) {
      scope.spawn(put_one(store, "/registry/many/" + std::to_string(i % keys), &failed, &done));
    }
    while (done < keys * times) co_await io::sleep(std::chrono::milliseconds(1));
    co_return failed;
  }
  // Kilobytes of the store's file that count as this process's memory.
  size_t resident_kb() const {
    std::ifstream maps("/proc/self/smaps");
    size_t sum = 0;
    bool is_ours = false;
    for (std::string line; std::getline(maps, line);) {
      if (line.find('-') < line.find(' ')) is_ours = line.ends_with(folder_ + "/data.mdb");
      if (is_ours && line.starts_with("Rss:")) sum += std::stoul(line.substr(4));
    }
    return sum;
  }
  static io::Task<void> put_large_one(Store* store, int number, int* left, io::Event* all) {
    auto written = co_await store->update("/registry/" + std::to_string(number),
                                          [](const Entry*) { return Change::put(Bytes(std::string(4000, 'x'))); });
    EXPECT_TRUE(written);
    if (--*left == 0) all->set();
  }
  // `count` objects that fill a page each, in few commits.
  static io::Task<void> put_large(Store* store, int first, int count) {
    io::Event all;
    io::Scope scope;
    int left = count;
    for (int i = 0; i < count; ++i) scope.spawn(put_large_one(store, first + i, &left, &all));
    co_await all.wait();
  }
  static mode_t mode(const std::string& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }

  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  std::string root_ = make_temporary_folder();
  std::string folder_ = root_ + "/a/b";
  std::unique_ptr<Store> store_;
};

TEST_F(LmdbStore, FolderAndFilesAreTheirOwnersAlone) {
  ASSERT_TRUE(open());
  EXPECT_EQ(mode(folder_), 0700u);
  for (auto& file : std::filesystem::directory_iterator(folder_)) EXPECT_EQ(mode(file.path()), 0600u) << file.path();
}

TEST_F(LmdbStore, ASecondOpeningIsRefusedAndNamesTheFolder) {
  ASSERT_TRUE(open());
  auto second = open_lmdb({.directory = folder_});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::Unavailable);
  EXPECT_EQ(second.error().message(), "another navarch process uses " + folder_);
  store_.reset();
  EXPECT_TRUE(open());
}

TEST_F(LmdbStore, AFolderThatCannotBeMadeOrWrittenIsAClearError) {
  folder_ = "/proc/version/store";
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("/proc/version"), std::string::npos) << opened.error().message();

  // Root may write anywhere, so a child that is not root tries.
  ASSERT_EQ(chmod(root_.c_str(), 0755), 0);
  folder_ = root_ + "/readonly";
  ASSERT_EQ(mkdir(folder_.c_str(), 0555), 0);
  pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
    auto refused = open();
    bool clear = !refused && refused.error().message().find(folder_) != std::string::npos &&
                 refused.error().message().ends_with("Permission denied");
    _exit(clear ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(LmdbStore, AnAcknowledgedWriteHasBeenSynced) {
  ASSERT_TRUE(open());
  for (int i = 0; i < 3; ++i) {
    int before = syncs;
    ASSERT_TRUE(put("/registry/a", "1"));
    EXPECT_GT(syncs, before);
  }
}

TEST_F(LmdbStore, AfterAFailedSyncNothingIsWrittenButReadsGoOn) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(put("/registry/a", "1"));
  Revision revision = store_->revision();
  sync_fault = EIO;
  auto failed = put("/registry/a", "2");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find(folder_ + ": Input/output error"), std::string::npos)
      << failed.error().message();
  sync_fault = 0;
  EXPECT_FALSE(put("/registry/b", "1"));
  EXPECT_EQ(get("/registry/a"), "1");
  EXPECT_EQ(store_->revision(), revision);

  store_.reset();
  ASSERT_TRUE(open());
  EXPECT_EQ(get("/registry/a"), "1");
  EXPECT_TRUE(put("/registry/b", "1"));
}

TEST_F(LmdbStore, AFullDiskFailsAllThatWaitsAndAcknowledgesNone) {
  ASSERT_TRUE(open());
  EXPECT_EQ(loop_->run_task(put_many(store_.get(), 4, 1)), 0);
  Revision revision = store_->revision();
  write_fault = ENOSPC;
  EXPECT_EQ(loop_->run_task(put_many(store_.get(), 4, 8)), 32);
  auto failed = put("/registry/a", "1");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("No space left on device"), std::string::npos) << failed.error().message();
  EXPECT_EQ(store_->revision(), revision);
  EXPECT_EQ(get("/registry/many/0"), "x");

  write_fault = 0;
  auto later = put("/registry/a", "1");
  ASSERT_TRUE(later) << later.error().message();
  EXPECT_EQ(later->entry->revision, revision + 1);
  EXPECT_EQ(loop_->run_task(put_many(store_.get(), 4, 2)), 0);
  store_.reset();
  ASSERT_TRUE(open());
  EXPECT_EQ(get("/registry/many/0"), "xxx");
  EXPECT_EQ(get("/registry/a"), "1");
}

TEST_F(LmdbStore, AFullMapIsAClearErrorAndReadsGoOn) {
  ASSERT_TRUE(open(size_t{1} << 20));
  base::Result<Updated> last = base::fail(Code::Internal, "");
  int written = 0;
  while ((last = put("/registry/" + std::to_string(written), std::string(100'000, 'x')))) ++written;
  EXPECT_NE(last.error().message().find(folder_ + ": the store has reached its largest size"), std::string::npos)
      << last.error().message();
  EXPECT_GT(written, 3);
  EXPECT_EQ(get("/registry/" + std::to_string(written)), "absent");
  EXPECT_EQ(get("/registry/0").size(), 100'000u);
  store_.reset();
  ASSERT_TRUE(open());  // with a larger map
  EXPECT_EQ(get("/registry/" + std::to_string(written - 1)).size(), 100'000u);
  EXPECT_TRUE(put("/registry/more", "1"));
}

TEST_F(LmdbStore, TheRevisionOfALastDeletionIsKept) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(put("/registry/a", "1"));
  ASSERT_TRUE(loop_->run_task(store_->update("/registry/a", [](const Entry*) { return Change::remove(); })));
  Revision revision = store_->revision();
  store_.reset();
  ASSERT_TRUE(open());
  EXPECT_EQ(store_->revision(), revision);
  EXPECT_EQ(get("/registry/a"), "absent");
}

TEST_F(LmdbStore, WhatIsFromBeforeTheOpeningIsExpired) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(put("/registry/a", "1"));
  ASSERT_TRUE(put("/registry/a", "2"));
  ASSERT_TRUE(loop_->run_task(store_->compact(store_->revision() - 1)));
  Revision revision = store_->revision();
  store_.reset();
  ASSERT_TRUE(open());
  EXPECT_EQ(store_->compacted(), revision);
  auto page = loop_->run_task(store_->list("/registry/", {.at = revision - 1}));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::Expired);
  EXPECT_TRUE(loop_->run_task(store_->list("/registry/", {.at = revision})));
}

TEST_F(LmdbStore, WhatWasWrittenOrReadLongAgoIsNoMemoryOfTheProcess) {
  ASSERT_TRUE(open());
  constexpr int kTimes = 6;
  constexpr int kAtOnce = 100;
  for (int i = 0; i < kTimes; ++i) loop_->run_task(put_large(store_.get(), i * kAtOnce, kAtOnce));
  // To write an object again LMDB looks at its old pages.
  for (int i = 0; i < kTimes; ++i) loop_->run_task(put_large(store_.get(), i * kAtOnce, kAtOnce));
  size_t file_kb = std::filesystem::file_size(folder_ + "/data.mdb") / 1024;
  ASSERT_GT(file_kb, size_t{kTimes} * kAtOnce * 4);
  EXPECT_LT(resident_kb(), file_kb / 3);
  store_.reset();
  ASSERT_TRUE(open());
  EXPECT_LT(resident_kb(), file_kb / 3);
  EXPECT_EQ(get("/registry/0").size(), 4000u);
  EXPECT_TRUE(put("/registry/0", "1"));
}

TEST_F(LmdbStore, AnUnknownFormatIsRefused) {
  ASSERT_TRUE(open());
  store_.reset();
  MDB_env* environment = nullptr;
  ASSERT_EQ(mdb_env_create(&environment), 0);
  ASSERT_EQ(mdb_env_open(environment, folder_.c_str(), 0, 0600), 0);
  MDB_txn* transaction = nullptr;
  MDB_dbi database = 0;
  ASSERT_EQ(mdb_txn_begin(environment, nullptr, 0, &transaction), 0);
  ASSERT_EQ(mdb_dbi_open(transaction, nullptr, 0, &database), 0);
  std::string name = "format";
  std::string later("\0\0\0\0\0\0\0\x63", 8);
  MDB_val key{name.size(), name.data()};
  MDB_val value{later.size(), later.data()};
  ASSERT_EQ(mdb_put(transaction, database, &key, &value, 0), 0);
  ASSERT_EQ(mdb_txn_commit(transaction), 0);
  mdb_env_close(environment);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("format 99"), std::string::npos) << opened.error().message();
}

}  // namespace
}  // namespace store
