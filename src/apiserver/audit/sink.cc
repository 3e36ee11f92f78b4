#include "apiserver/audit/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr auto kPause = std::chrono::seconds(1);  // what comes within it goes together
constexpr auto kTimeout = std::chrono::seconds(30);
constexpr auto kRetryAfter = std::chrono::seconds(10);
constexpr int kTries = 4;

base::Result<int> open_for_appending(const std::string& path) {
  int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return base::fail(base::system_error(base::cat({"open ", path}), errno));
  return fd;
}

}  // namespace

base::Result<std::unique_ptr<AuditLog>> AuditLog::open(Options options) {
  if (options.path == "-") {
    options.bytes_max = 0;
    return std::unique_ptr<AuditLog>(new AuditLog(std::move(options), STDOUT_FILENO, 0));
  }
  TRY(int fd, open_for_appending(options.path));
  struct stat now{};
  size_t bytes = ::fstat(fd, &now) == 0 ? static_cast<size_t>(now.st_size) : 0;
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(options), fd, bytes));
}

AuditLog::~AuditLog() {
  base::Lock lock(mutex_);
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

void AuditLog::take(const std::string& event_json) {
  std::string line = event_json + "\n";
  base::Lock lock(mutex_);
  if (options_.bytes_max > 0 && bytes_ + line.size() > options_.bytes_max && bytes_ > 0) rotate();
  std::string_view rest = line;
  while (!rest.empty()) {
    ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      LOG_ERROR("Audit event cannot be written", {"path", options_.path},
                {"err", base::system_error("write", errno).message()});
      return;
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  bytes_ += line.size();
}

void AuditLog::rotate() {
  auto slash = options_.path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : options_.path.substr(0, slash);
  std::string name = slash == std::string::npos ? options_.path : options_.path.substr(slash + 1);
  auto dot = name.rfind('.');
  std::string stem = name.substr(0, dot) + "-";
  std::string extension = dot == std::string::npos ? "" : name.substr(dot);
  char stamp[32];
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H-%M-%S.000", &utc);
  std::string aside = base::cat({directory, "/", stem, stamp, extension});
  ::rename(options_.path.c_str(), aside.c_str());
  auto fresh = open_for_appending(options_.path);
  if (!fresh) {
    LOG_ERROR("Audit log cannot be begun anew", {"err", fresh.error().message()});
    return;
  }
  ::close(fd_);
  fd_ = *fresh;
  bytes_ = 0;
  if (options_.backups_max == 0) return;
  auto names = base::list_directory(directory);
  if (!names) return;
  std::erase_if(*names, [&](const std::string& one) {
    return one == name || !one.starts_with(stem) || !one.ends_with(extension);
  });
  for (size_t i = 0; i + options_.backups_max < names->size(); ++i)
    ::unlink(base::cat({directory, "/", (*names)[i]}).c_str());
}

void AuditWebhook::take(const std::string& event_json) {
  base::Lock lock(mutex_);
  if (waiting_.size() >= kWaitingMax) return;
  waiting_.push_back(event_json);
  if (waiting_.size() == 1 && loop_ != nullptr) loop_->post([this] { due_.set(); });
}

io::Task<void> AuditWebhook::run() {
  {
    base::Lock lock(mutex_);
    loop_ = &io::Loop::current();
    if (!waiting_.empty()) due_.set();
  }
  for (;;) {
    co_await due_.wait();
    co_await io::sleep(kPause);
    std::string body = R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[)";
    {
      base::Lock lock(mutex_);
      due_.reset();
      for (size_t i = 0; i < kBatchMax && !waiting_.empty(); ++i) {
        if (i > 0) body += ',';
        body += waiting_.front();
        waiting_.pop_front();
      }
      if (!waiting_.empty()) due_.set();
    }
    body += "]}";
    for (int i = 0; i < kTries; ++i) {
      if (i > 0) co_await io::sleep(kRetryAfter);
      auto reply = co_await post(server_, body, kTimeout);
      if (reply && reply->status < 500 && reply->status != 429) break;
      LOG_WARNING("Audit events cannot be delivered",
                  {"err", reply ? std::to_string(reply->status) : reply.error().message()});
    }
  }
}

}  // namespace apiserver
