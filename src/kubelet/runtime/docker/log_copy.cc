#include "kubelet/runtime/docker/log_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"

namespace kubelet::docker {
namespace {

constexpr size_t kStepBytes = 256 * 1024;
constexpr mode_t kLogMode = 0640;  // as containerd's

}  // namespace

std::optional<std::string> log_line(std::string_view entry) {
  base::JsonReader reader(entry);
  std::string_view key, value;
  std::string text, stream, time;
  if (reader.enter_object()) {
    while (reader.next_key(key)) {
      std::string* into = key == "log" ? &text : key == "stream" ? &stream : key == "time" ? &time : nullptr;
      if (into == nullptr) {
        reader.skip_value();
      } else if (reader.read_string(value)) {
        *into = value;
      }
    }
  }
  if (!reader.finish() || time.empty() || stream.empty()) return std::nullopt;
  bool whole = text.ends_with('\n');
  if (whole) text.pop_back();
  return base::cat({time, " ", stream, whole ? " F " : " P ", text, "\n"});
}

LogCopy::~LogCopy() {
  close_files();
}

void LogCopy::close_files() {
  if (from_ >= 0) close(from_);
  if (to_ >= 0) close(to_);
  from_ = to_ = -1;
}

std::optional<LogCopy::Beginning> LogCopy::read_beginning() const {
  auto text = base::read_file(state_);
  if (!text) return std::nullopt;
  auto words = base::split(base::trim(*text), ' ');
  if (words.size() != 3) return std::nullopt;
  auto offset = base::parse_int(words[0]);
  auto inode = base::parse_uint(words[1]);
  auto bytes = base::parse_int(words[2]);
  if (!offset || !inode || !bytes) return std::nullopt;
  return Beginning{.offset = *offset, .inode = *inode, .bytes = *bytes};
}

// What was copied into files that were moved away while we did not notice: the one that was begun last or, when none
// was written down yet, the first.
int64_t LogCopy::bytes_set_aside(const std::optional<Beginning>& beginning) const {
  auto slash = target_.rfind('/');
  auto folder = target_.substr(0, slash), prefix = target_.substr(slash + 1) + ".";
  auto names = base::list_directory(folder);
  if (!names) return 0;
  int64_t bytes = 0;
  for (const auto& name : *names) {
    struct stat info{};
    if (!name.starts_with(prefix) || stat((folder + "/" + name).c_str(), &info) != 0) continue;
    if (!beginning || beginning->inode == info.st_ino) bytes += info.st_size;
  }
  return bytes;
}

base::Result<void> LogCopy::open_target() {
  TRY(base::make_directories(target_.substr(0, target_.rfind('/')), 0755));
  to_ = ::open(target_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kLogMode);
  if (to_ < 0) return base::fail(base::system_error("open " + target_, errno));
  return {};
}

base::Result<void> LogCopy::open() {
  from_ = ::open(source_.c_str(), O_RDONLY | O_CLOEXEC);
  if (from_ < 0) return base::fail(base::system_error("open " + source_, errno));
  if (auto opened = open_target(); !opened) {
    close_files();
    return opened;
  }
  struct stat info{};
  if (fstat(to_, &info) != 0) return base::fail(base::system_error("stat " + target_, errno));
  auto beginning = read_beginning();
  read_at_ = beginning ? beginning->offset : 0;
  skip_ = info.st_size - (beginning ? beginning->bytes : 0);
  if (!beginning || beginning->inode != info.st_ino) skip_ += bytes_set_aside(beginning);
  pending_.clear();
  return {};
}

// Whether the Engine, told so by its own configuration, has begun a new file.
bool LogCopy::was_rotated() const {
  struct stat ours{}, theirs{};
  return fstat(from_, &ours) == 0 && stat(source_.c_str(), &theirs) == 0 && ours.st_ino != theirs.st_ino;
}

base::Result<bool> LogCopy::step() {
  std::lock_guard lock(mutex_);
  return advance();
}

base::Result<bool> LogCopy::advance() {
  if (from_ < 0) TRY(open());
  bool rotated = was_rotated();  // asked first: what the old file got before is still read
  std::string bytes(kStepBytes, '\0');
  ssize_t size = pread(from_, bytes.data(), bytes.size(), read_at_);
  if (size < 0) return base::fail(base::system_error("read " + source_, errno));
  if (size == 0) {
    if (!rotated) return false;
    int next = ::open(source_.c_str(), O_RDONLY | O_CLOEXEC);
    if (next < 0) return base::fail(base::system_error("open " + source_, errno));
    close(from_);
    from_ = next;
    read_at_ = 0;
    pending_.clear();
    return true;
  }
  read_at_ += size;
  pending_.append(bytes, 0, static_cast<size_t>(size));
  std::string lines;
  size_t begin = 0;
  for (size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (auto line = log_line(std::string_view(pending_).substr(begin, end - begin))) lines += *line;
  }
  pending_.erase(0, begin);
  TRY(write(lines));
  return true;
}

base::Result<void> LogCopy::write(std::string_view lines) {
  if (skip_ > 0) {
    auto known = std::min<size_t>(static_cast<size_t>(skip_), lines.size());
    lines.remove_prefix(known);
    skip_ -= static_cast<int64_t>(known);
  }
  while (!lines.empty()) {
    ssize_t size = ::write(to_, lines.data(), lines.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      // What is there decides where to go on: everything is begun again from the files.
      auto error = base::system_error("write " + target_, errno);
      close_files();
      return base::fail(std::move(error));
    }
    lines.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

base::Result<void> LogCopy::reopen() {
  std::lock_guard lock(mutex_);
  if (from_ < 0) TRY(open());
  // What the files moved away have already is gone over first: the new one begins after it.
  for (bool more = true; more && skip_ > 0;) {
    TRY(more, advance());
  }
  // Until it is written down where the new file begins, a crash would find the old beginning and both files.
  close(to_);
  to_ = -1;
  if (auto opened = open_target(); !opened) {
    close_files();
    return opened;
  }
  return note_beginning(read_at_ - static_cast<int64_t>(pending_.size()));
}

base::Result<void> LogCopy::begin() {
  std::lock_guard lock(mutex_);
  if (from_ < 0) TRY(open());
  if (skip_ == 0) return {};  // nothing is there, which needs no note
  skip_ = 0;
  return note_beginning(0);
}

base::Result<void> LogCopy::note_beginning(int64_t offset) const {
  struct stat info{};
  if (fstat(to_, &info) != 0) return base::fail(base::system_error("stat " + target_, errno));
  TRY(base::make_directories(state_.substr(0, state_.rfind('/')), 0700));
  return base::write_file(
      state_, base::cat({std::to_string(offset), " ", std::to_string(info.st_ino), " ", std::to_string(info.st_size)}),
      0600);
}

void LogCopy::forget() {
  std::lock_guard lock(mutex_);
  close_files();
  unlink(state_.c_str());
}

}  // namespace kubelet::docker
