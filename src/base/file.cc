#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/descriptor.h"
#include "base/strings.h"

namespace base {
namespace {

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(system_error("write " + path, errno));
    text.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> remove_below(int parent, const std::string& name, dev_t device, const std::string& path) {
  struct stat status;
  if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return fail(system_error("remove " + path, errno));
  }
  if (!S_ISDIR(status.st_mode)) {
    if (unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT) return fail(system_error("remove " + path, errno));
    return {};
  }
  if (status.st_dev != device) return fail(Code::Conflict, cat({"remove ", path, ": something is mounted there"}));
  int fd = openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fail(system_error("remove " + path, errno));
  std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(fd), closedir);
  while (dirent* entry = readdir(directory.get())) {
    std::string child = entry->d_name;
    if (child == "." || child == "..") continue;
    TRY(remove_below(fd, child, device, path + "/" + child));
  }
  if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) return fail(system_error("remove " + path, errno));
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail(system_error("open " + path, errno));
  std::string text;
  char chunk[16 * 1024];
  for (;;) {
    ssize_t count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(system_error("read " + path, errno));
    if (count == 0) return text;
    text.append(chunk, static_cast<size_t>(count));
    if (text.size() > bytes_max) return fail(Code::TooLarge, cat({"read ", path, ": larger than allowed"}));
  }
}

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  std::string fresh = cat({path, ".new.", std::to_string(getpid())});
  ::unlink(fresh.c_str());
  {
    Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file) return fail(system_error("create " + path, errno));
    fchmod(file.get(), mode);  // whatever the umask says
    auto written = write_all(file.get(), text, path);
    if (written && fsync(file.get()) != 0) written = fail(system_error("sync " + path, errno));
    if (!written) {
      ::unlink(fresh.c_str());
      return written;
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    auto error = system_error("replace " + path, errno);
    ::unlink(fresh.c_str());
    return fail(error);
  }
  Descriptor folder(::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) fsync(folder.get());
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    ::chmod(path.c_str(), mode);  // whatever the umask says
    return {};
  }
  if (errno == EEXIST) {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return fail(system_error("make folder " + path, ENOTDIR));
  }
  if (errno != ENOENT || parent_of(path) == path) return fail(system_error("make folder " + path, errno));
  TRY(make_directories(parent_of(path), mode));
  return make_directories(path, mode);
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), [](DIR* d) { return d ? closedir(d) : 0; });
  if (!directory) return fail(system_error("open " + path, errno));
  std::vector<std::string> names;
  while (dirent* entry = readdir(directory.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<void> remove_tree(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return fail(system_error("remove " + path, errno));
  }
  return remove_below(AT_FDCWD, path, status.st_dev, path);
}

}  // namespace base
