#include "kubelet/volume/mount.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/strings.h"

namespace kubelet {
namespace {

std::unexpected<base::Error> system_failure(const std::string& what) {
  return base::fail(base::system_error(what, errno));
}

int open_beneath(int root, const std::string& path, uint64_t flags = O_PATH) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

// Mount points as the kernel writes them: spaces and the like as octal escapes.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      out += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0'));
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

// Everything is held before it is looked at and changed: pods that have the volume already may put a link to the
// machine's own files in the place of a file at any moment. `path` is for complaints.
base::Result<void> own(int folder, const std::string& name, const std::string& path, int64_t group, bool read_only) {
  base::Descriptor held(openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info{};
  if (held.get() < 0 || fstat(held.get(), &info) != 0) return system_failure("stat " + path);
  if (S_ISLNK(info.st_mode)) return {};
  if (fchownat(held.get(), "", static_cast<uid_t>(-1), static_cast<gid_t>(group), AT_EMPTY_PATH) != 0)
    return system_failure("chown " + path);
  mode_t mode = (info.st_mode & 07777) | (read_only ? 0440 : 0660);
  if (S_ISDIR(info.st_mode)) mode |= 02110;
  std::string itself = "/proc/self/fd/" + std::to_string(held.get());
  if (chmod(itself.c_str(), mode) != 0) return system_failure("chmod " + path);
  if (!S_ISDIR(info.st_mode)) return {};
  TRY(auto names, base::list_directory(itself));
  for (auto& below : names) TRY(own(held.get(), below, path + "/" + below, group, read_only));
  return {};
}

}  // namespace

bool is_mount_point(const std::string& path) {
  auto text = base::read_file("/proc/self/mountinfo");
  if (!text) return false;
  for (auto line : base::split(*text, '\n')) {
    auto fields = base::split(line, ' ');
    if (fields.size() > 4 && unescape(fields[4]) == path) return true;
  }
  return false;
}

base::Result<void> make_volume_directory(const std::string& path, uint32_t mode, std::optional<int64_t> tmpfs_bytes) {
  TRY(base::make_directories(path, 0750));
  if (tmpfs_bytes && !is_mount_point(path)) {
    char text[96];
    if (*tmpfs_bytes > 0) {
      snprintf(text, sizeof text, "mode=%o,size=%lld", mode, static_cast<long long>(*tmpfs_bytes));
    } else {
      snprintf(text, sizeof text, "mode=%o", mode);
    }
    if (mount("tmpfs", path.c_str(), "tmpfs", 0, text) != 0) return system_failure("mount tmpfs at " + path);
  }
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return system_failure("stat " + path);
  // A group that was set before keeps its marks.
  if ((info.st_mode & mode) != mode && chmod(path.c_str(), mode | (info.st_mode & 02000)) != 0)
    return system_failure("chmod " + path);
  return {};
}

base::Result<void> check_host_path(const std::string& path, const std::string& type) {
  if (type.empty()) return {};
  if (type == "DirectoryOrCreate" && !base::exists(path)) return base::make_directories(path, 0755);
  if (type == "FileOrCreate" && !base::exists(path)) {
    base::Descriptor file(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    if (file.get() < 0) return system_failure("hostPath type check failed: create " + path);
    return {};
  }
  struct stat info{};
  bool present = stat(path.c_str(), &info) == 0;
  auto no = [&](std::string_view what) {
    return base::fail(base::Code::Invalid, "hostPath type check failed: " + path + " is not " + std::string(what));
  };
  if (type.starts_with("Directory") && !(present && S_ISDIR(info.st_mode))) return no("a directory");
  if (type.starts_with("File") && !(present && S_ISREG(info.st_mode))) return no("a file");
  if (type == "Socket" && !(present && S_ISSOCK(info.st_mode))) return no("a socket file");
  if (type == "CharDevice" && !(present && S_ISCHR(info.st_mode))) return no("a character device");
  if (type == "BlockDevice" && !(present && S_ISBLK(info.st_mode))) return no("a block device");
  return {};
}

base::Result<void> bind_sub_path(const std::string& volume, const std::string& sub_path, const std::string& target) {
  if (is_mount_point(target)) return {};
  base::Descriptor root(open(volume.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return system_failure("open " + volume);
  base::Descriptor source(open_beneath(root.get(), sub_path));
  if (source.get() < 0 && errno == ENOENT) {
    // Made part by part, each looked up from the one above, so that no link can lead the way out.
    struct stat above{};
    mode_t mode = fstat(root.get(), &above) == 0 ? above.st_mode & 0777 : 0750;
    std::string so_far;
    for (auto part : base::split(sub_path, '/')) {
      if (part.empty() || part == ".") continue;
      std::string parent = so_far.empty() ? "." : so_far;
      so_far += (so_far.empty() ? "" : "/") + std::string(part);
      base::Descriptor folder(open_beneath(root.get(), parent));
      if (folder.get() < 0) return system_failure("failed to create subPath directory " + sub_path);
      if (mkdirat(folder.get(), std::string(part).c_str(), mode) == 0) {
        base::Descriptor made(
            openat(folder.get(), std::string(part).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (made.get() >= 0) fchmod(made.get(), mode);
      } else if (errno != EEXIST) {
        return system_failure("failed to create subPath directory " + sub_path);
      }
    }
    source = base::Descriptor(open_beneath(root.get(), sub_path));
  }
  if (source.get() < 0) return system_failure("failed to prepare subPath for volumeMount: " + sub_path);
  struct stat info{};
  if (fstat(source.get(), &info) != 0) return system_failure("stat " + sub_path);
  TRY(base::make_directories(target.substr(0, target.rfind('/')), 0750));
  if (S_ISDIR(info.st_mode)) {
    TRY(base::make_directories(target, 0750));
  } else {
    base::Descriptor file(open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
    if (file.get() < 0) return system_failure("create " + target);
  }
  std::string held = "/proc/self/fd/" + std::to_string(source.get());
  if (mount(held.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return system_failure("bind " + sub_path + " to " + target);
  return {};
}

base::Result<std::string> read_file_beneath(const std::string& root, const std::string& path, size_t bytes_max) {
  base::Descriptor folder(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // A pipe must not hold us up.
  base::Descriptor file(folder.get() < 0 ? -1 : open_beneath(folder.get(), path, O_RDONLY | O_NONBLOCK));
  if (file.get() < 0) return base::fail(base::system_error("open " + path, errno));
  struct stat about{};
  if (fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return base::fail(base::Code::Invalid, path + " is not a plain file");
  }
  std::string out(bytes_max + 1, '\0');
  size_t size = 0;
  while (size < out.size()) {
    ssize_t got = read(file.get(), out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(base::system_error("read " + path, errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > bytes_max)
    return base::fail(base::Code::Invalid, path + " is longer than " + std::to_string(bytes_max) + " bytes");
  out.resize(size);
  return out;
}

base::Result<void> bind_directory(const std::string& source, const std::string& target, bool read_only) {
  if (is_mount_point(target)) return {};
  base::Descriptor folder(open(source.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return system_failure("open " + source);
  TRY(base::make_directories(target, 0750));
  std::string held = "/proc/self/fd/" + std::to_string(folder.get());
  if (mount(held.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return system_failure("bind " + source + " to " + target);
  if (read_only && mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
    auto failed = system_failure("make read-only " + target);
    (void)umount2(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
    return failed;
  }
  return {};
}

base::Result<void> mount_for_reading(const std::string& type, const std::string& source,
                                     const std::vector<std::string>& options, const std::string& target) {
  if (std::ranges::find_if(options, [](auto& one) { return one == "bind" || one == "rbind"; }) != options.end())
    return bind_directory(source, target, true);
  if (is_mount_point(target)) return {};
  TRY(base::make_directories(target, 0750));
  std::vector<std::string> data;
  for (auto& one : options)
    if (one != "ro") data.push_back(one);
  if (mount(source.c_str(), target.c_str(), type.c_str(), MS_RDONLY, base::join(data, ",").c_str()) != 0)
    return system_failure("mount " + type + " at " + target);
  return {};
}

base::Result<void> set_group(const std::string& path, int64_t group, bool read_only, bool only_if_root_differs) {
  if (only_if_root_differs) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return system_failure("stat " + path);
    mode_t wanted = (read_only ? 0440 : 0660) | 02110;
    if (info.st_gid == static_cast<gid_t>(group) && (info.st_mode & wanted) == wanted) return {};
  }
  return own(AT_FDCWD, path, path, group, read_only);
}

base::Result<void> unmount_below(const std::string& path) {
  TRY(auto text, base::read_file("/proc/self/mountinfo"));
  std::vector<std::string> points;
  for (auto line : base::split(text, '\n')) {
    auto fields = base::split(line, ' ');
    if (fields.size() <= 4) continue;
    std::string point = unescape(fields[4]);
    if (point == path || point.starts_with(path + "/")) points.push_back(std::move(point));
  }
  // Later mounts lie above earlier ones.
  std::ranges::reverse(points);
  std::optional<base::Error> failed;
  for (auto& point : points)
    if (umount2(point.c_str(), UMOUNT_NOFOLLOW) != 0 && umount2(point.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) != 0 &&
        errno != EINVAL && errno != ENOENT)
      failed = base::system_error("unmount " + point, errno);
  if (failed) return base::fail(*failed);
  return {};
}

}  // namespace kubelet
