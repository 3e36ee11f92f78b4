// Logs, as the kubelet reads them.
#include <stdio.h>

#include "base/file.h"
#include "base/strings.h"
#include "base/time.h"
#include "fixture.h"
#include "kubelet/server/logs.h"

namespace kubelet {
namespace {

TEST_F(Contract, LogHasBothStreamsInTheirForm) {
  wait_end(start("says", "echo one; echo two >&2; echo -n three"));
  auto said = log(log_path("says"));
  EXPECT_THAT(said, testing::HasSubstr("one\n"));
  EXPECT_THAT(said, testing::HasSubstr("! two\n"));
  EXPECT_THAT(said, testing::HasSubstr("three"));
  auto text = *base::read_file(log_path("says"));
  auto line = parse_log_line(std::string_view(text).substr(0, text.find('\n')));
  ASSERT_TRUE(line);
  EXPECT_TRUE(base::parse_rfc3339(line->time));
}

TEST_F(Contract, LongLinesAreWholeWhenJoined) {
  wait_end(start("long", "dd if=/dev/zero bs=50000 count=1 2>/dev/null | tr '\\0' x; echo; echo after"));
  EXPECT_EQ(log(log_path("long")), std::string(50000, 'x') + "\nafter\n");
}

TEST_F(Contract, LogGoesOnInANewFile) {
  auto id = start("turned", "echo first; while [ ! -e /go ]; do sleep 0.05; done; echo second; sleep 1000");
  auto path = log_path("turned");
  ASSERT_TRUE(wait_for([&] { return log(path) == "first\n"; }));
  ASSERT_EQ(rename(path.c_str(), (path + ".20261123-225104").c_str()), 0);
  get(runtime_->reopen_container_log(id));
  output(id, "touch /go");
  EXPECT_TRUE(wait_for([&] { return log(path) == "second\n"; })) << log(path);
  EXPECT_EQ(log(path + ".20261123-225104"), "first\n");
  // And after a restart it does not begin anew.
  restart();
  status(id);
  get(runtime_->stop_container(id, 0));
  wait_end(id);
  EXPECT_EQ(log(path), "second\n");
}

TEST_F(Contract, NothingIsLostOrDoubledOverRestarts) {
  auto id = start("counting", "for i in $(seq 3000); do echo $i; done; sleep 0.5; seq 3001 4000");
  std::string all;
  for (int i = 1; i <= 4000; ++i) all += std::to_string(i) + "\n";
  auto path = log_path("counting");
  ASSERT_TRUE(wait_for([&] { return log(path).size() > 100; }));
  for (int i = 0; i < 5; ++i) {
    restart();
    status(id);
  }
  wait_end(id);
  EXPECT_EQ(log(path), all);
}

TEST_F(Contract, LogIsCompleteOnceTheEndIsKnown) {
  for (int i = 0; i < 3; ++i) {
    auto name = "quick-" + std::to_string(i);
    auto id = start(name, "seq 500");
    wait_end(id);
    EXPECT_THAT(log(log_path(name)), testing::EndsWith("\n500\n"));
  }
}

}  // namespace
}  // namespace kubelet
