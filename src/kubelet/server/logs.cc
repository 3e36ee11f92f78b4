#include "kubelet/server/logs.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "base/time.h"

namespace kubelet {
namespace {

constexpr size_t kChunk = 64 * 1024;
// How long a followed file may be silent before somebody asks whether its container still runs.
constexpr auto kSilence = std::chrono::seconds(1);

struct File {
  int fd = -1;
  ~File() {
    if (fd >= 0) close(fd);
  }
};

// Finds where the last `lines` lines of the file begin, reading from its end.
int64_t find_tail(int fd, int64_t size, int64_t lines) {
  if (lines <= 0) return size;
  std::string text;
  for (int64_t begin = size; begin > 0;) {
    // Each step as much again as all before, so that a long way costs no more than twice its length.
    int64_t step = std::min<int64_t>(begin, std::max<int64_t>(kChunk, static_cast<int64_t>(text.size())));
    std::string piece(static_cast<size_t>(step), '\0');
    if (pread(fd, piece.data(), piece.size(), begin - step) != step) return 0;
    begin -= step;
    text = piece + text;
    // The first line of what was read may be the end of one that begins before.
    size_t skip = begin == 0 ? 0 : text.find('\n') + 1;
    std::string_view whole = std::string_view(text).substr(skip);
    size_t offset = tail_offset(whole, lines);
    if (offset > 0 || begin == 0) return begin + static_cast<int64_t>(skip + offset);
  }
  return 0;
}

class Formatter {
 public:
  explicit Formatter(const LogOptions& options) : options_(options) {
    if (options.since_ns) since_ = base::Time::from_ns(*options.since_ns);
    left_ = options.limit_bytes.value_or(INT64_MAX);
  }

  bool full() const { return left_ <= 0; }

  void add(std::string_view line, std::string& out) {
    auto parsed = parse_log_line(line);
    if (!parsed) return;
    if (!options_.stream.empty() && !base::equals_ignoring_case(options_.stream, parsed->stream)) return;
    if (options_.since_ns) {
      auto time = base::parse_rfc3339(parsed->time);
      if (time && *time < since_) return;
    }
    if (full()) return;
    std::string text;
    // A line in pieces gets one time, at its beginning.
    if (options_.timestamps && !inside_) text = std::string(parsed->time) + " ";
    inside_ = parsed->partial;
    text += parsed->text;
    if (!parsed->partial) text += '\n';
    if (static_cast<int64_t>(text.size()) > left_) text.resize(static_cast<size_t>(left_));
    left_ -= static_cast<int64_t>(text.size());
    out += text;
  }

 private:
  const LogOptions& options_;
  base::Time since_;
  int64_t left_;
  bool inside_ = false;
};

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  LogLine out;
  size_t first = line.find(' ');
  if (first == std::string_view::npos) return {};
  size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return {};
  size_t third = line.find(' ', second + 1);
  out.time = line.substr(0, first);
  out.stream = line.substr(first + 1, second - first - 1);
  if (out.stream != "stdout" && out.stream != "stderr") return {};
  auto tag = line.substr(second + 1, third == std::string_view::npos ? third : third - second - 1);
  out.partial = tag == "P" || tag.starts_with("P:");
  if (third != std::string_view::npos) out.text = line.substr(third + 1);
  return out;
}

size_t tail_offset(std::string_view text, int64_t lines) {
  int64_t seen = 0;
  size_t end = text.size();
  size_t begin_of_wanted = text.size();
  while (end > 0) {
    size_t newline = end >= 2 ? text.rfind('\n', end - 2) : std::string_view::npos;
    size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    auto parsed = parse_log_line(text.substr(begin, end - begin));
    if (!parsed || !parsed->partial) {
      if (seen == lines) return begin_of_wanted;
      ++seen;
    }
    begin_of_wanted = begin;
    end = begin;
  }
  return 0;
}

io::Task<base::Result<void>> read_log(std::string path, LogOptions options, IsRunning running, LogSink sink) {
  File file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) co_return base::fail(base::system_error("failed to open log file " + base::quote(path), errno));
  struct stat info{};
  if (fstat(file.fd, &info) != 0) co_return base::fail(base::system_error("stat " + path, errno));
  int64_t at = options.tail_lines ? find_tail(file.fd, info.st_size, *options.tail_lines) : 0;

  // Set up before the first reading, so that nothing falls between.
  File notify;
  io::Event changed;
  std::optional<io::Watch> watch;
  if (options.follow) {
    notify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (notify.fd < 0) co_return base::fail(base::system_error("inotify", errno));
    std::string folder = path.substr(0, path.rfind('/'));
    inotify_add_watch(notify.fd, path.c_str(), IN_MODIFY);
    inotify_add_watch(notify.fd, folder.c_str(), IN_CREATE | IN_MOVED_TO);
    int fd = notify.fd;
    watch.emplace(fd, io::Ready::Read, [fd, &changed](io::Ready) {
      char events[4096];
      while (read(fd, events, sizeof events) > 0) {
      }
      changed.set();
    });
  }

  Formatter formatter(options);
  std::string pending;
  bool last_round = !options.follow;
  for (;;) {
    changed.reset();
    for (;;) {
      std::string chunk(kChunk, '\0');
      ssize_t size = pread(file.fd, chunk.data(), chunk.size(), at);
      if (size < 0) co_return base::fail(base::system_error("read " + path, errno));
      if (size == 0) break;
      at += size;
      pending.append(chunk.data(), static_cast<size_t>(size));
      std::string out;
      size_t begin = 0;
      for (size_t newline; (newline = pending.find('\n', begin)) != std::string::npos; begin = newline + 1)
        formatter.add(std::string_view(pending).substr(begin, newline - begin), out);
      pending.erase(0, begin);
      if (!out.empty()) CO_TRY(co_await sink(std::move(out)));
      if (formatter.full()) co_return {};
    }
    // Another file under the name: the log was rotated, or the file was cut short.
    struct stat now{};
    bool present = stat(path.c_str(), &now) == 0;
    if (options.follow && present && (now.st_ino != info.st_ino || now.st_dev != info.st_dev)) {
      int fresh = open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fresh >= 0) {
        close(file.fd);
        file.fd = fresh;
        info = now;
        at = 0;
        inotify_add_watch(notify.fd, path.c_str(), IN_MODIFY);
        continue;
      }
    }
    if (present && now.st_size < at && now.st_ino == info.st_ino) at = 0;
    if (last_round) co_return {};
    if (!co_await changed.wait_for(kSilence) && !co_await running()) last_round = true;
  }
}

std::string log_tail_message(const std::string& path) {
  constexpr int64_t kLines = 80;
  constexpr size_t kBytes = 2048;
  File file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat info{};
  if (file.fd < 0 || fstat(file.fd, &info) != 0) return "";
  // Ample for 2048 bytes of text with their heads.
  int64_t begin = std::max(find_tail(file.fd, info.st_size, kLines), info.st_size - 256 * 1024);
  std::string text(static_cast<size_t>(info.st_size - begin), '\0');
  ssize_t size = pread(file.fd, text.data(), text.size(), begin);
  if (size <= 0) return "";
  text.resize(static_cast<size_t>(size));
  std::string out;
  LogOptions options;
  Formatter formatter(options);
  for (auto line : base::split(text, '\n')) formatter.add(line, out);
  if (out.size() > kBytes) out.erase(0, out.size() - kBytes);
  return out;
}

}  // namespace kubelet
