#include "apiserver/audit/log_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <thread>

#include "base/file.h"
#include "base/strings.h"

namespace apiserver {
namespace {

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() {
    std::string pattern = testing::TempDir() + "audit-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~AuditLogTest() override {
    log_.reset();
    for (const auto& name : names()) ::unlink((folder_ + "/" + name).c_str());
    ::rmdir(folder_.c_str());
  }
  void open(AuditLog::Options options) {
    options.path = folder_ + "/audit.log";
    log_ = std::move(*AuditLog::open(options, clock_));
  }
  void write(const std::string& event) { EXPECT_EQ(log_->write_now(event), AuditBackend::Now::Kept); }
  std::vector<std::string> names() const { return *base::list_directory(folder_); }

  base::FakeClock clock_;
  std::string folder_;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, AnEventIsALineThatNobodyElseMayRead) {
  open({});
  write("{\"a\":1}");
  write("{\"b\":2}");
  EXPECT_EQ(*base::read_file(folder_ + "/audit.log"), "{\"a\":1}\n{\"b\":2}\n");
  struct stat about{};
  ASSERT_EQ(::stat((folder_ + "/audit.log").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(AuditLogTest, AFullFileIsPutAsideAndTheOldestOfThoseGo) {
  open({.bytes_max = 10, .backups_max = 2});
  for (int i = 0; i < 5; ++i) {
    write("event " + std::to_string(i));
    clock_.advance_ns(1'000'000'000);
  }
  ASSERT_EQ(names().size(), 3u);
  EXPECT_EQ(*base::read_file(folder_ + "/audit.log"), "event 4\n");
  EXPECT_EQ(*base::read_file(folder_ + "/" + names()[0]), "event 2\n");
}

TEST_F(AuditLogTest, WhatIsOlderThanItMayBeGoes) {
  open({.bytes_max = 10, .days_max = 7});
  write("event 0");
  write("event 1");
  std::string old = folder_ + "/" + names()[0];
  auto now = static_cast<time_t>(clock_.wall_ns() / 1'000'000'000);
  struct utimbuf times{now - 8 * 86'400, now - 8 * 86'400};
  ASSERT_EQ(::utime(old.c_str(), &times), 0);
  clock_.advance_ns(1'000'000'000);
  write("event 2");
  EXPECT_FALSE(base::exists(old));
}

TEST_F(AuditLogTest, WhatIsPutAsideIsCompressed) {
  open({.bytes_max = 10, .compresses = true});
  write("event 0");
  write("event 1");
  auto compressed = [&] {
    for (const auto& name : names()) {
      if (name.ends_with(".log.gz")) return true;
    }
    return false;
  };
  while (!compressed()) std::this_thread::yield();
  while (names().size() != 2) std::this_thread::yield();
  struct stat about{};
  ASSERT_EQ(::stat((folder_ + "/" + names()[0]).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace apiserver
