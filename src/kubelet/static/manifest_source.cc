#include "kubelet/static/manifest_source.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "kubelet/static/manifest.h"

namespace kubelet {
namespace {

constexpr size_t kManifestBytesMax = 10 << 20;
constexpr auto kUrlTimeout = std::chrono::seconds(10);

bool is_directory(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Tells when something changes in a folder.
class FolderNotice {
 public:
  explicit FolderNotice(io::Event& changed) : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (fd_ < 0) return;
    watch_.emplace(fd_, io::Ready::Read, [fd = fd_, &changed](io::Ready) {
      char events[4096];
      while (read(fd, events, sizeof events) > 0) {
      }
      changed.set();
    });
  }
  ~FolderNotice() {
    watch_.reset();
    if (fd_ >= 0) close(fd_);
  }
  FolderNotice(const FolderNotice&) = delete;
  // Again for the same folder changes nothing; one that is not there yet may be asked for again later.
  void add(const std::string& folder) const {
    inotify_add_watch(fd_, folder.c_str(),
                      IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR);
  }

 private:
  int fd_;
  std::optional<io::Watch> watch_;
};

// Scheme and host; path and query.
std::pair<std::string, std::string> split_url(const std::string& url) {
  auto scheme = url.find("://");
  auto slash = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  if (slash == std::string::npos) return {url, "/"};
  return {url.substr(0, slash), url.substr(slash)};
}

io::Task<base::Result<std::string>> fetch(StaticPodOptions options) {
  auto [server, target] = split_url(options.url);
  CO_TRY(auto client, io::HttpClient::create({.url = server}));
  io::Headers headers;
  for (const auto& [name, values] : options.url_headers)
    for (const auto& value : values) headers.add(base::to_lower(name), value);
  CO_TRY(auto answer, co_await client->request("GET", target, std::move(headers)));
  if (answer->head().status != 200)
    co_return base::fail(base::Code::Unavailable,
                         base::cat({options.url, ": ", std::to_string(answer->head().status)}));
  CO_TRY(auto body, co_await io::read_all(*answer, kManifestBytesMax));
  if (body.empty()) co_return base::fail(base::Code::BadRequest, "zero-length data received from " + options.url);
  co_return body;
}

}  // namespace

std::vector<core::Pod> read_manifest_files(const std::string& path, const std::string& node_name, int64_t now_ns) {
  std::vector<std::string> files;
  if (is_directory(path)) {
    if (auto names = base::list_directory(path))
      for (const auto& name : *names)
        if (!name.starts_with('.') && !is_directory(base::cat({path, "/", name})))
          files.push_back(base::cat({path, "/", name}));
  } else if (base::exists(path)) {
    files.push_back(path);
  }
  std::vector<core::Pod> out;
  for (const auto& file : files) {
    auto text = base::read_file(file, kManifestBytesMax);
    if (!text) {
      LOG_ERROR("Cannot read a manifest", {"path", file}, {"error", text.error().message()});
      continue;
    }
    auto pods = read_manifest(*text, {.kind = "file", .place = file, .node_name = node_name, .now_ns = now_ns});
    if (!pods) {
      LOG_ERROR("Could not process manifest file", {"path", file}, {"err", pods.error().message()});
      continue;
    }
    std::ranges::move(*pods, std::back_inserter(out));
  }
  return out;
}

io::Task<void> follow_manifest_files(io::Pool& pool, StaticPodOptions options, std::string node_name,
                                     StaticPodsRead read) {
  io::Event changed;
  FolderNotice notice(changed);
  for (;;) {
    // The folder itself, or that of the file.
    std::string folder = options.path;
    if (!is_directory(folder) && folder.rfind('/') != std::string::npos) folder.resize(folder.rfind('/'));
    notice.add(folder);
    changed.reset();
    int64_t now_ns = io::Loop::current().clock().wall_ns();
    read(co_await pool.run(
        [path = options.path, node_name, now_ns] { return read_manifest_files(path, node_name, now_ns); }));
    co_await changed.wait_for(std::chrono::nanoseconds(options.file_check_ns));
  }
}

io::Task<void> follow_manifest_url(StaticPodOptions options, std::string node_name, StaticPodsRead read) {
  std::string last;
  int failures = 0;
  for (;;) {
    auto timed = co_await io::with_timeout(kUrlTimeout, fetch(options));
    base::Result<std::string> body =
        timed ? std::move(*timed) : base::fail(base::Code::Timeout, options.url + ": no answer in time");
    if (body && *body != last) {
      auto pods = read_manifest(*body, {.kind = "http",
                                        .place = options.url,
                                        .node_name = node_name,
                                        .now_ns = io::Loop::current().clock().wall_ns()});
      if (pods) {
        last = std::move(*body);
        read(std::move(*pods));
      } else {
        body = base::fail(pods.error());
      }
    }
    failures = body ? 0 : failures + 1;
    // Said once, not at every try.
    if (failures == 1) LOG_WARNING("Failed to read pods from URL", {"err", body.error().message()});
    co_await io::sleep(std::chrono::nanoseconds(options.url_check_ns));
  }
}

}  // namespace kubelet
