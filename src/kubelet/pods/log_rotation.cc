#include "kubelet/pods/log_rotation.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/file.h"

namespace kubelet {
namespace {

// Oldest first: their names sort by time.
std::vector<std::string> set_aside(const std::string& path) {
  size_t slash = path.rfind('/');
  std::string folder = path.substr(0, slash), name = path.substr(slash + 1) + ".";
  std::vector<std::string> out;
  auto names = base::list_directory(folder);
  if (!names) return out;
  for (auto& one : *names)
    if (one.starts_with(name)) out.push_back(folder + "/" + one);
  return out;
}

}  // namespace

base::Result<bool> set_log_aside(const std::string& path, int64_t bytes_max, int files_max, base::Time now) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    return base::fail(base::system_error("stat " + path, errno));
  }
  if (info.st_size < bytes_max) return false;
  time_t seconds = now.seconds;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  std::string aside = path + "." + text;
  if (rename(path.c_str(), aside.c_str()) != 0) return base::fail(base::system_error("rename " + path, errno));
  auto old = set_aside(path);
  for (size_t i = 0; i + static_cast<size_t>(files_max) - 1 < old.size(); ++i) unlink(old[i].c_str());
  return true;
}

void remove_logs(const std::string& path) {
  unlink(path.c_str());
  for (auto& one : set_aside(path)) unlink(one.c_str());
}

}  // namespace kubelet
