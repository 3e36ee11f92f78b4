#include "kubelet/server/log_query.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace kubelet {
namespace {

struct LogQueryTest : testing::Test {
  LogQueryTest() {
    char path[] = "/tmp/navarch-log-query-XXXXXX";
    root = mkdtemp(path);
    (void)base::write_file(root + "/messages", "a line\n", 0644);
  }
  ~LogQueryTest() override { (void)base::remove_tree(root); }
  // What is said of a query: "good", "none", or what is wrong.
  std::string judge(std::string_view text) const {
    auto query = parse_log_query(Parameters(text));
    if (!query) return query.error().message();
    if (!*query) return "none";
    auto checked = check_log_query(**query, root);
    return checked ? "good" : checked.error().message();
  }
  std::string root;
};

TEST_F(LogQueryTest, NamesServicesOrOneFile) {
  EXPECT_EQ(judge("query=kubelet"), "good");
  EXPECT_EQ(judge("query=kubelet&query=containerd&tailLines=10&boot=-1&pattern=error"), "good");
  EXPECT_EQ(judge("query=/messages"), "good");
  EXPECT_EQ(judge(""), "none");
  EXPECT_EQ(judge("timeout=3s"), "none");
}

TEST_F(LogQueryTest, WhatMakesNoSenseIsRefusedByItsField) {
  EXPECT_EQ(judge("query=%20"), R"(query: Invalid value: [" "]: query cannot be empty)");
  EXPECT_EQ(judge("tailLines=3"), "query: Required value: cannot be empty with options");
  EXPECT_EQ(judge("query=kubelet&query=/messages"),
            R"(query: Invalid value: ["/messages"]: cannot specify a file and service)");
  EXPECT_EQ(judge("query=/messages&query=/x"),
            R"(query: Invalid value: ["/messages","/x"]: cannot specify more than one file)");
  EXPECT_EQ(judge("query=/messages&boot=0"),
            R"(query: Invalid value: ["/messages"]: cannot specify file with options)");
  EXPECT_EQ(judge("query=/other"), R"(query: Invalid value: ["/other"]: no such file or directory)");
  EXPECT_EQ(judge("query=kubelet&boot=1"), "boot: Invalid value: 1: must be less than 1");
  EXPECT_EQ(judge("query=kubelet&tailLines=100001"),
            "tailLines: Invalid value: 100001: must be between 0 and 100000, inclusive");
  EXPECT_EQ(judge("query=kubelet&sinceTime=today"), R"(sinceTime: Invalid value: "today": invalid time format)");
  EXPECT_EQ(judge("query=kubelet&sinceTime=2026-01-02T00:00:00Z&untilTime=2026-01-01T00:00:00Z"),
            R"(untilTime: Invalid value: "2026-01-01T00:00:00Z": must be after `sinceTime`)");
  EXPECT_EQ(judge("query=a&query=b&query=c&query=d&query=e"), "query: Too many: 5: must have at most 4 items");
}

TEST_F(LogQueryTest, NothingButAServicesNameReachesTheJournal) {
  EXPECT_EQ(judge("query=a%3Bb"), R"(query: Invalid value: "a;b": input contains unsupported characters)");
  EXPECT_EQ(judge("query=a%20b&boot=x"), R"(boot: Invalid value: "x": invalid syntax)");
  EXPECT_EQ(judge("query=/../../etc/passwd"),
            R"(query: Invalid value: ["/../../etc/passwd"]: no such file or directory)");
}

TEST_F(LogQueryTest, TheJournalIsAskedForWhatWasSaid) {
  auto query =
      *parse_log_query(Parameters("query=kubelet&sinceTime=2026-01-02T03:04:05Z&tailLines=7&pattern=a.b&boot=-1"));
  EXPECT_EQ(journal_command(*query, {"kubelet", "docker"}),
            (std::vector<std::string>{"journalctl", "--utc", "--no-pager", "--output=short-precise",
                                      "--since=2026-01-02 03:04:05", "--lines=7", "--unit=kubelet", "--unit=docker",
                                      "--grep=a.b", "--boot=-1"}));
}

}  // namespace
}  // namespace kubelet
