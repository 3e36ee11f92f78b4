#include "apiserver/pipeline/watched_files.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/log.h"
#include "io/loop.h"

namespace apiserver {
namespace {

// Writers often do several things to a file; it is read once they are done.
constexpr auto kSettleTime = std::chrono::milliseconds(50);

std::string folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

base::Result<FileTexts> read_files(const std::vector<std::string>& paths) {
  FileTexts texts;
  for (const auto& path : paths) {
    TRY(auto text, base::read_file(path));
    texts.push_back(std::move(text));
  }
  return texts;
}

io::Task<void> follow_files(std::vector<std::string> paths, FileTexts known,
                            std::function<void(base::Result<FileTexts>)> changed) {
  base::Descriptor notify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!notify) {
    LOG_ERROR("Files cannot be followed", {"err", base::system_error("inotify_init", errno).message()});
    co_return;
  }
  // The folder and not the file: what replaces it is another file, and links lead through names beside them.
  for (const auto& path : paths) {
    constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
    if (inotify_add_watch(notify.get(), folder_of(path).c_str(), kEvents) < 0)
      LOG_ERROR("File cannot be followed", {"path", path}, {"err", base::system_error("inotify", errno).message()});
  }
  io::Event stirred;
  io::Watch watch(notify.get(), io::Ready::Read, [fd = notify.get(), &stirred](io::Ready) {
    char events[4096];
    while (read(fd, events, sizeof events) > 0) {
    }
    stirred.set();
  });
  std::string trouble;
  stirred.set();  // they may have changed since they were read
  for (;;) {
    co_await stirred.wait();
    co_await io::sleep(kSettleTime);
    stirred.reset();
    auto texts = read_files(paths);
    std::string why = texts ? "" : texts.error().message();
    if (why == trouble && (!texts || *texts == known)) continue;
    bool back = !trouble.empty() && texts && *texts == known;
    trouble = why;
    if (back) continue;
    if (texts) known = *texts;
    changed(std::move(texts));
  }
}

}  // namespace apiserver
