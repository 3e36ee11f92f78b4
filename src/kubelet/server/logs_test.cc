#include "kubelet/server/logs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/time.h"

namespace kubelet {
namespace {

constexpr std::string_view kText =
    "2026-11-23T22:51:04.000000001Z stdout F one\n"
    "2026-11-23T22:51:05.000000001Z stderr F two\n"
    "2026-11-23T22:51:06.000000001Z stdout P thr\n"
    "2026-11-23T22:51:06.000000002Z stdout F ee\n";

class LogsTest : public testing::Test {
 protected:
  LogsTest() {
    char path[] = "/tmp/navarch-logs-XXXXXX";
    directory_ = mkdtemp(path);
    path_ = directory_ + "/0.log";
    (void)base::write_file(path_, kText, 0600);
  }
  ~LogsTest() override { (void)base::remove_tree(directory_); }

  static io::Task<base::Result<void>> append(std::string* out, std::string text) {
    *out += text;
    co_return {};
  }
  static io::Task<bool> answer(bool* running) { co_return *running; }

  std::string read(LogOptions options) {
    std::string out;
    bool running = false;
    auto done = loop_->run_task(read_log(
        path_, std::move(options), [&] { return answer(&running); },
        [&](std::string text) { return append(&out, std::move(text)); }));
    EXPECT_TRUE(done);
    return out;
  }
  void add(std::string_view text) {
    FILE* file = fopen(path_.c_str(), "ae");
    fwrite(text.data(), 1, text.size(), file);
    fclose(file);
  }

  std::unique_ptr<io::Loop> loop_ = std::move(*io::Loop::create());
  std::string directory_, path_;
};

TEST_F(LogsTest, LinesAreReadAsAsked) {
  EXPECT_EQ(read({}), "one\ntwo\nthree\n");
  EXPECT_EQ(read({.tail_lines = 2}), "two\nthree\n");
  EXPECT_EQ(read({.tail_lines = 0}), "");
  EXPECT_EQ(read({.tail_lines = 9}), "one\ntwo\nthree\n");
  EXPECT_EQ(read({.limit_bytes = 6}), "one\ntw");
  EXPECT_EQ(read({.stream = "Stderr"}), "two\n");
  EXPECT_EQ(read({.timestamps = true, .tail_lines = 1}), "2026-11-23T22:51:06.000000001Z three\n");
  EXPECT_EQ(read({.since_ns = base::parse_rfc3339("2026-11-23T22:51:05Z")->to_ns()}), "two\nthree\n");
}

TEST_F(LogsTest, TailIsFoundInALongFile) {
  std::string line = "2026-11-23T22:51:07Z stdout F " + std::string(200, 'x') + "\n";
  for (int i = 0; i < 2000; ++i) add(line);
  add("2026-11-23T22:51:08Z stdout F last\n");
  EXPECT_EQ(read({.tail_lines = 1}), "last\n");
  EXPECT_EQ(read({.tail_lines = 2}).size(), 206U);
  EXPECT_EQ(read({.tail_lines = 2002}).substr(0, 6), "three\n");
}

io::Task<void> follow(std::string path, std::string* out, bool* running, bool* ended) {
  struct Calls {
    static io::Task<base::Result<void>> append(std::string* out, std::string text) {
      *out += text;
      co_return {};
    }
    static io::Task<bool> answer(bool* running) { co_return *running; }
  };
  (void)co_await read_log(
      path, {.follow = true}, [running] { return Calls::answer(running); },
      [out](std::string text) { return Calls::append(out, std::move(text)); });
  *ended = true;
}

io::Task<void> until_size(const std::string* out, size_t size) {
  while (out->size() < size) co_await io::sleep(std::chrono::milliseconds(5));
}
io::Task<void> until_set(const bool* flag) {
  while (!*flag) co_await io::sleep(std::chrono::milliseconds(5));
}

TEST_F(LogsTest, FollowingGoesOnOverARotationAndEndsWithTheContainer) {
  std::string out;
  bool running = true, ended = false;
  io::Scope scope;
  loop_->post([&] { scope.spawn(follow(path_, &out, &running, &ended)); });
  loop_->run_task(until_size(&out, 14));
  add("2026-11-23T22:51:07Z stdout F four\n");
  loop_->run_task(until_size(&out, 19));
  rename(path_.c_str(), (path_ + ".old").c_str());
  add("2026-11-23T22:51:08Z stdout F five\n");
  loop_->run_task(until_size(&out, 24));
  running = false;
  loop_->run_task(until_set(&ended));
  EXPECT_EQ(out, "one\ntwo\nthree\nfour\nfive\n");
}

TEST_F(LogsTest, MissingFileIsNotFound) {
  auto done = loop_->run_task(read_log(directory_ + "/absent", {}, {}, {}));
  EXPECT_EQ(done.error().code(), base::Code::NotFound);
}

TEST_F(LogsTest, LastWordsAreTheEndOfTheLog) {
  EXPECT_EQ(log_tail_message(path_), "one\ntwo\nthree\n");
}

}  // namespace
}  // namespace kubelet
