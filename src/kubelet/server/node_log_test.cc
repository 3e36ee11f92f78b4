#include "kubelet/server/node_log.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace kubelet {
namespace {

class NodeLogTest : public testing::Test {
 protected:
  NodeLogTest() {
    char path[] = "/tmp/navarch-node-log-XXXXXX";
    place = mkdtemp(path);
    root = place + "/log";
    (void)base::make_directories(root + "/pods", 0755);
    (void)base::write_file(root + "/syslog", "a line\n", 0644);
    (void)base::write_file(root + "/a<b", std::string("\0\1", 2), 0644);
    (void)base::write_file(place + "/secret", "x", 0644);
  }
  ~NodeLogTest() override { (void)base::remove_tree(place); }
  std::string place, root;
};

TEST_F(NodeLogTest, AFolderIsAListOfLinks) {
  auto page = read_node_log(root, "/logs/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->type, "text/html; charset=utf-8");
  EXPECT_EQ(page->text,
            "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n"
            "<a href=\"a%3Cb\">a&lt;b</a>\n<a href=\"pods/\">pods/</a>\n<a href=\"syslog\">syslog</a>\n</pre>\n");
}

TEST_F(NodeLogTest, AFileIsSentAsItIs) {
  auto page = read_node_log(root, "/logs/syslog");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->type, "text/plain; charset=utf-8");
  EXPECT_EQ(page->bytes, 7U);
  EXPECT_EQ(*read_part(page->file, 2, 100), "line\n");
  EXPECT_EQ(*read_part(page->file, 7, 100), "");
  EXPECT_EQ(read_node_log(root, "/logs/a<b")->type, "application/octet-stream");
}

TEST_F(NodeLogTest, SlashesAreAsTheyShouldBe) {
  EXPECT_EQ(read_node_log(root, "/logs/pods")->redirect, "pods/");
  EXPECT_EQ(read_node_log(root, "/logs")->redirect, "logs/");
  EXPECT_EQ(read_node_log(root, "/logs/syslog/")->redirect, "../syslog");
}

TEST_F(NodeLogTest, NothingOutsideIsShown) {
  for (auto path : {"/logs/../secret", "/logs/pods/../../secret", "/logs/none", "/log/syslog"})
    EXPECT_FALSE(read_node_log(root, path)) << path;
}

}  // namespace
}  // namespace kubelet
