#include "kubelet/volume/atomic_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <set>

#include "base/file.h"
#include "base/strings.h"

namespace kubelet {
namespace {

constexpr std::string_view kData = "..data";

std::string link_target(const std::string& path) {
  char target[4096];
  ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size <= 0 ? std::string() : std::string(target, static_cast<size_t>(size));
}

std::string folder_name(base::Time now, int attempt) {
  time_t seconds = now.seconds;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  snprintf(text, sizeof text, "..%04d_%02d_%02d_%02d_%02d_%02d.%09d", parts.tm_year + 1900, parts.tm_mon + 1,
           parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (now.nanos + attempt) % 1'000'000'000);
  return text;
}

std::string first_part(std::string_view path) {
  return std::string(path.substr(0, path.find('/')));
}

base::Result<void> fail(const std::string& what) {
  return base::fail(base::system_error(what, errno));
}

uint32_t mode_of(const PayloadFile& file, std::optional<int64_t> group) {
  return group ? file.mode | 0440 : file.mode;
}

void list_files(const std::string& root, const std::string& below, std::set<std::string>& out) {
  auto names = base::list_directory(root + below);
  if (!names) return;
  for (auto& name : *names) {
    struct stat info{};
    std::string path = below + "/" + name;
    if (lstat((root + path).c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      list_files(root, path, out);
    } else {
      out.insert(path.substr(1));
    }
  }
}

bool is_same(const std::string& folder, const Payload& payload, std::optional<int64_t> group) {
  std::set<std::string> present;
  list_files(folder, "", present);
  if (present.size() != payload.size()) return false;
  for (auto& [path, file] : payload) {
    struct stat info{};
    std::string full = folder + "/" + path;
    if (!present.contains(path) || stat(full.c_str(), &info) != 0) return false;
    if ((info.st_mode & 07777) != mode_of(file, group)) return false;
    if (static_cast<size_t>(info.st_size) != file.data.size()) return false;
    auto text = base::read_file(full);
    if (!text || *text != file.data) return false;
  }
  return true;
}

base::Result<void> write_one(const std::string& path, const PayloadFile& file, std::optional<int64_t> group) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail("create " + path);
  size_t done = 0;
  while (done < file.data.size()) {
    ssize_t size = write(fd, file.data.data() + done, file.data.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      close(fd);
      return fail("write " + path);
    }
    done += static_cast<size_t>(size);
  }
  // The mode comes after the owner: changing an owner clears bits.
  bool failed = false;
  if (file.owner || group)
    failed = fchown(fd, file.owner ? static_cast<uid_t>(*file.owner) : static_cast<uid_t>(-1),
                    group ? static_cast<gid_t>(*group) : static_cast<gid_t>(-1)) != 0;
  failed = failed || fchmod(fd, mode_of(file, group)) != 0;
  close(fd);
  if (failed) return fail("set the mode of " + path);
  return {};
}

}  // namespace

bool is_safe_payload_path(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.starts_with("..")) return false;
  for (auto part : base::split(path, '/'))
    if (part == "..") return false;
  return path.size() < 4096;
}

base::Result<bool> write_payload(const std::string& directory, const Payload& payload, std::optional<int64_t> group,
                                 base::Time now) {
  for (auto& [path, file] : payload)
    if (!is_safe_payload_path(path)) return base::fail(base::Code::Invalid, "invalid path: " + path);
  std::string old = link_target(directory + "/" + std::string(kData));
  bool content_is_same = !old.empty() && is_same(directory + "/" + old, payload, group);
  std::set<std::string> wanted;
  for (auto& [path, file] : payload) wanted.insert(first_part(path));

  if (!content_is_same) {
    std::string fresh;
    for (int attempt = 0;; ++attempt) {
      fresh = folder_name(now, attempt);
      if (mkdir((directory + "/" + fresh).c_str(), 0755) == 0) break;
      if (errno != EEXIST || attempt == 100)
        return base::fail(base::system_error("create " + directory + "/" + fresh, errno));
    }
    chmod((directory + "/" + fresh).c_str(), 0755);
    for (auto& [path, file] : payload) {
      std::string full = directory + "/" + fresh + "/" + path;
      TRY(base::make_directories(full.substr(0, full.rfind('/')), 0755));
      TRY(write_one(full, file, group));
    }
    std::string swap = directory + "/..data_tmp";
    unlink(swap.c_str());
    if (symlink(fresh.c_str(), swap.c_str()) != 0) return base::fail(base::system_error("link " + swap, errno));
    if (rename(swap.c_str(), (directory + "/" + std::string(kData)).c_str()) != 0)
      return base::fail(base::system_error("rename " + swap, errno));
  }

  // The names that programs see; also after a crash between two steps.
  for (auto& name : wanted) {
    std::string path = directory + "/" + name, target = std::string(kData) + "/" + name;
    if (link_target(path) == target) continue;
    unlink(path.c_str());
    if (symlink(target.c_str(), path.c_str()) != 0) return base::fail(base::system_error("link " + path, errno));
  }
  std::string current = link_target(directory + "/" + std::string(kData));
  TRY(auto names, base::list_directory(directory));
  for (auto& name : names) {
    if (name == kData || name == current || wanted.contains(name)) continue;
    std::string path = directory + "/" + name;
    if (name.starts_with("..")) {
      TRY(base::remove_tree(path));
    } else if (!link_target(path).empty()) {
      unlink(path.c_str());
    }
  }
  return !content_is_same;
}

}  // namespace kubelet
