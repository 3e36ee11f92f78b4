#include "apiserver/audit/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "apiserver/pipeline/gzip.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr std::string_view kCompressed = ".gz";
constexpr int64_t kDaySeconds = 86'400;

base::Result<int> open_for_appending(const std::string& path) {
  int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return base::fail(base::system_error(base::cat({"open ", path}), errno));
  return fd;
}

// Makes path.gz of it, which nobody else may read, and removes it once that is whole.
void compress(const std::string& path) {
  std::string to = path + std::string(kCompressed);
  std::string half = to + ".tmp";
  FILE* in = std::fopen(path.c_str(), "re");
  int fd = ::open(half.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  FILE* out = fd < 0 ? nullptr : ::fdopen(fd, "w");
  bool whole = in != nullptr && out != nullptr;
  Gzip gzip;
  std::string piece(size_t{1} << 16, '\0');
  while (whole) {
    size_t size = std::fread(piece.data(), 1, piece.size(), in);
    bool last = size < piece.size();
    std::string small = gzip.add(std::string_view(piece).substr(0, size), last);
    whole = std::fwrite(small.data(), 1, small.size(), out) == small.size() && std::ferror(in) == 0;
    if (last) break;
  }
  if (in != nullptr) std::fclose(in);
  if (out != nullptr) whole = std::fclose(out) == 0 && whole;
  if (whole && ::rename(half.c_str(), to.c_str()) == 0) {
    ::unlink(path.c_str());
  } else {
    ::unlink(half.c_str());
    LOG_ERROR("Audit log cannot be compressed", {"path", path});
  }
}

}  // namespace

base::Result<std::unique_ptr<AuditLog>> AuditLog::open(Options options, const base::Clock& clock) {
  if (options.path == "-") {
    options.bytes_max = 0;
    return std::unique_ptr<AuditLog>(new AuditLog(std::move(options), clock, STDOUT_FILENO, 0));
  }
  TRY(int fd, open_for_appending(options.path));
  struct stat now{};
  size_t bytes = ::fstat(fd, &now) == 0 ? static_cast<size_t>(now.st_size) : 0;
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(options), clock, fd, bytes));
}

AuditLog::~AuditLog() {
  base::Lock lock(mutex_);
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

io::Task<bool> AuditLog::write(std::vector<std::string> events) {
  bool kept = true;
  for (const auto& event : events) kept = append(event + "\n") && kept;
  co_return kept;
}

AuditBackend::Now AuditLog::write_now(const std::string& event) {
  return append(event + "\n") ? Now::Kept : Now::Lost;
}

bool AuditLog::append(std::string_view lines) {
  base::Lock lock(mutex_);
  if (options_.bytes_max > 0 && bytes_ + lines.size() > options_.bytes_max && bytes_ > 0) rotate();
  for (std::string_view rest = lines; !rest.empty();) {
    ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      LOG_ERROR("Audit event cannot be written", {"path", options_.path},
                {"err", base::system_error("write", errno).message()});
      return false;
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  bytes_ += lines.size();
  return true;
}

void AuditLog::rotate() {
  auto slash = options_.path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : options_.path.substr(0, slash);
  std::string name = slash == std::string::npos ? options_.path : options_.path.substr(slash + 1);
  auto dot = name.rfind('.');
  std::string stem = name.substr(0, dot) + "-";
  std::string extension = dot == std::string::npos ? "" : name.substr(dot);
  int64_t now_ns = clock_.wall_ns();
  std::time_t now = static_cast<std::time_t>(now_ns / 1'000'000'000);
  char stamp[32];
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H-%M-%S", &utc);
  char millis[8];
  snprintf(millis, sizeof millis, ".%03d", static_cast<int>(now_ns / 1'000'000 % 1000));
  std::string aside = base::cat({directory, "/", stem, stamp, millis, extension});
  ::rename(options_.path.c_str(), aside.c_str());
  auto fresh = open_for_appending(options_.path);
  if (!fresh) {
    LOG_ERROR("Audit log cannot be begun anew", {"err", fresh.error().message()});
    return;
  }
  ::close(fd_);
  fd_ = *fresh;
  bytes_ = 0;
  // Requests do not wait for what a full file takes.
  if (options_.compresses) std::thread(compress, aside).detach();
  remove_old(directory, stem, extension);
}

void AuditLog::remove_old(const std::string& directory, const std::string& stem, const std::string& extension) const {
  if (options_.backups_max == 0 && options_.days_max == 0) return;
  auto names = base::list_directory(directory);
  if (!names) return;
  std::string compressed = extension + std::string(kCompressed);
  std::erase_if(*names, [&](const std::string& one) {
    return !one.starts_with(stem) || !(one.ends_with(extension) || one.ends_with(compressed));
  });
  std::ranges::sort(*names);  // by age: the time is in the name
  size_t kept = options_.backups_max == 0 ? names->size() : options_.backups_max;
  int64_t oldest = clock_.wall_ns() / 1'000'000'000 - options_.days_max * kDaySeconds;
  for (size_t i = 0; i < names->size(); ++i) {
    std::string path = base::cat({directory, "/", (*names)[i]});
    struct stat about{};
    bool stale = options_.days_max > 0 && ::stat(path.c_str(), &about) == 0 && about.st_mtime < oldest;
    if (stale || i + kept < names->size()) ::unlink(path.c_str());
  }
}

}  // namespace apiserver
