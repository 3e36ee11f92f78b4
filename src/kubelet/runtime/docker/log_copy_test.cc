#include "kubelet/runtime/docker/log_copy.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/file.h"

namespace kubelet::docker {
namespace {

TEST(DockerLogLine, EntriesBecomeLinesOfTheCri) {
  EXPECT_EQ(log_line(R"({"log":"one\n","stream":"stdout","time":"2026-11-23T22:51:04.2Z"})"),
            "2026-11-23T22:51:04.2Z stdout F one\n");
  EXPECT_EQ(log_line(R"({"log":"half","stream":"stderr","attrs":{"a":"b"},"time":"2026-11-23T22:51:04Z"})"),
            "2026-11-23T22:51:04Z stderr P half\n");
  EXPECT_FALSE(log_line(R"({"log":"torn)"));
  EXPECT_FALSE(log_line(""));
}

class DockerLogCopy : public testing::Test {
 protected:
  DockerLogCopy() {
    char path[] = "/tmp/navarch-log-XXXXXX";
    directory_ = mkdtemp(path);
    begin();
  }
  ~DockerLogCopy() override { (void)base::remove_tree(directory_); }

  void begin() { copy_ = std::make_unique<LogCopy>(source(), target(), directory_ + "/state/id"); }
  std::string source() const { return directory_ + "/json.log"; }
  std::string target() const { return directory_ + "/logs/0.log"; }
  void say(const std::string& text) {
    FILE* file = fopen(source().c_str(), "a");
    fputs((R"({"log":")" + text + R"(\n","stream":"stdout","time":"T"})" + "\n").c_str(), file);
    fclose(file);
  }
  void copy() {
    for (;;) {
      auto more = copy_->step();
      ASSERT_TRUE(more) << more.error().message();
      if (!*more) return;
    }
  }
  void set_aside(const std::string& name) { rename(target().c_str(), (target() + "." + name).c_str()); }
  std::string text(const std::string& suffix = "") const { return base::read_file(target() + suffix).value_or("none"); }
  void truncate_to(off_t size) { EXPECT_EQ(truncate(target().c_str(), size), 0); }

  std::string directory_;
  std::unique_ptr<LogCopy> copy_;
};

TEST_F(DockerLogCopy, GoesOnWhereItWasLeftOff) {
  say("one");
  copy();
  begin();
  say("two");
  copy();
  EXPECT_EQ(text(), "T stdout F one\nT stdout F two\n");
}

TEST_F(DockerLogCopy, LineThatACrashHasCutIsCompleted) {
  say("one");
  say("two");
  copy();
  truncate_to(20);
  begin();
  copy();
  EXPECT_EQ(text(), "T stdout F one\nT stdout F two\n");
}

TEST_F(DockerLogCopy, NewFileBeginsAfterTheOldOne) {
  say("one");
  copy();
  set_aside("1");
  say("two");
  ASSERT_TRUE(copy_->reopen());
  say("three");
  copy();
  begin();
  say("four");
  copy();
  EXPECT_EQ(text(".1"), "T stdout F one\n");
  EXPECT_EQ(text(), "T stdout F two\nT stdout F three\nT stdout F four\n");
}

TEST_F(DockerLogCopy, CrashBetweenSettingAsideAndReopeningLosesNothing) {
  for (bool before : {false, true}) {
    say("one");
    copy();
    if (before) {
      set_aside("0");
      ASSERT_TRUE(copy_->reopen());
      say("middle");
      copy();
    }
    set_aside("1");
    begin();
    say("two");
    copy();
    EXPECT_EQ(text(".1"), before ? "T stdout F middle\n" : "T stdout F one\n");
    EXPECT_EQ(text(), "T stdout F two\n");
    (void)base::remove_tree(directory_);
    (void)base::make_directories(directory_, 0700);
    begin();
  }
}

TEST_F(DockerLogCopy, WhatSomebodyElseWroteBeforeStays) {
  ASSERT_TRUE(base::make_directories(directory_ + "/logs", 0755));
  ASSERT_TRUE(base::write_file(target(), "T stdout F of another runtime\n", 0640));
  say("one");
  ASSERT_TRUE(copy_->begin());
  copy();
  begin();
  say("two");
  copy();
  EXPECT_EQ(text(), "T stdout F of another runtime\nT stdout F one\nT stdout F two\n");
}

TEST_F(DockerLogCopy, SourceThatTheEngineRotatesIsFollowed) {
  say("one");
  copy();
  say("two");
  rename(source().c_str(), (source() + ".1").c_str());
  say("three");
  copy();
  EXPECT_EQ(text(), "T stdout F one\nT stdout F two\nT stdout F three\n");
}

}  // namespace
}  // namespace kubelet::docker
