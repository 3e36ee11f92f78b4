#include "kubelet/csi/record.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/csi/text_map.h"
#include "volume/names.h"

namespace kubelet {
namespace {

constexpr std::string_view kPlugin = "kubernetes.io~csi";
constexpr std::string_view kRecord = "vol_data.json";

std::string text_of(const CsiRecord& record) {
  TextMap map = {{"driverName", record.driver},
                 {"volumeHandle", record.handle},
                 {"specVolID", record.volume},
                 {"nodeName", record.node},
                 {"attachmentID", volume::attachment_name(record.driver, record.handle, record.node)},
                 {"volumeLifecycleMode", record.ephemeral ? "Ephemeral" : "Persistent"}};
  if (record.block) map["volumeMode"] = "Block";
  return write_text_map(map);
}

base::Result<CsiRecord> read_record(const std::string& path) {
  TRY(auto text, base::read_file(path));
  TRY(auto map, read_text_map(text));
  CsiRecord out{.driver = map["driverName"],
                .handle = map["volumeHandle"],
                .volume = map["specVolID"],
                .uid = "",
                .node = map["nodeName"],
                .block = map["volumeMode"] == "Block",
                .ephemeral = map["volumeLifecycleMode"] == "Ephemeral"};
  if (out.driver.empty() || out.handle.empty()) return base::fail(base::Code::Invalid, "no volume is named in " + path);
  return out;
}

base::Result<void> write_record(const std::string& path, const CsiRecord& record) {
  TRY(base::make_directories(path.substr(0, path.rfind('/')), 0750));
  return base::write_file(path, text_of(record), 0600);
}

// What a driver should have removed, and may have left behind when it is empty.
base::Result<void> remove_empty(const std::string& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
  if (errno == ENOTDIR && unlink(path.c_str()) == 0) return {};
  return base::fail(base::system_error("remove " + path, errno));
}

base::Result<void> remove_record(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return base::fail(base::system_error("remove " + path, errno));
  return {};
}

}  // namespace

std::string CsiDisk::pod_folder(const std::string& uid, bool block) const {
  return base::cat({root_, "/pods/", uid, block ? "/volumeDevices/" : "/volumes/", kPlugin});
}

std::string CsiDisk::target(const CsiRecord& record) const {
  if (record.block)
    return base::cat({root_, "/plugins/kubernetes.io/csi/volumeDevices/publish/", record.volume, "/", record.uid});
  return base::cat({pod_folder(record.uid, false), "/", record.volume, "/mount"});
}

std::string CsiDisk::staging(const CsiRecord& record) const {
  if (record.block) return base::cat({root_, "/plugins/kubernetes.io/csi/volumeDevices/staging/", record.volume});
  return base::cat(
      {root_, "/plugins/kubernetes.io/csi/", record.driver, "/", volume::sha256_hex(record.handle), "/globalmount"});
}

std::string CsiDisk::published_record(const CsiRecord& record) const {
  std::string folder = pod_folder(record.uid, record.block);
  if (record.block) return base::cat({folder, "/", record.volume, ".json"});
  return base::cat({folder, "/", record.volume, "/", kRecord});
}

std::string CsiDisk::staged_record(const CsiRecord& record) const {
  return base::cat(
      {root_, "/plugins/kubernetes.io/csi/", record.driver, "/", volume::sha256_hex(record.handle), "/", kRecord});
}

base::Result<void> CsiDisk::add_published(const CsiRecord& record) const {
  TRY(write_record(published_record(record), record));
  // The folder above is ours to make, the target the driver's.
  std::string target = this->target(record);
  return base::make_directories(target.substr(0, target.rfind('/')), 0750);
}

base::Result<void> CsiDisk::add_staged(const CsiRecord& record) const {
  TRY(write_record(staged_record(record), record));
  return base::make_directories(staging(record), 0750);
}

base::Result<void> CsiDisk::remove_published(const CsiRecord& record) const {
  std::string target = this->target(record);
  TRY(remove_empty(target));
  TRY(remove_record(published_record(record)));
  // Others may have theirs beside it.
  rmdir(target.substr(0, target.rfind('/')).c_str());
  return {};
}

base::Result<void> CsiDisk::remove_staged(const CsiRecord& record) const {
  TRY(remove_empty(staging(record)));
  std::string path = staged_record(record);
  TRY(remove_record(path));
  rmdir(path.substr(0, path.rfind('/')).c_str());
  return {};
}

std::vector<CsiRecord> CsiDisk::published(const std::string& uid) const {
  std::vector<CsiRecord> out;
  auto add = [&](const std::string& path) {
    auto record = read_record(path);
    if (!record) return;
    record->uid = uid;
    out.push_back(std::move(*record));
  };
  if (auto names = base::list_directory(pod_folder(uid, false)))
    for (auto& name : *names) add(base::cat({pod_folder(uid, false), "/", name, "/", kRecord}));
  if (auto names = base::list_directory(pod_folder(uid, true)))
    for (auto& name : *names)
      if (name.ends_with(".json")) add(pod_folder(uid, true) + "/" + name);
  return out;
}

std::vector<CsiRecord> CsiDisk::staged() const {
  std::vector<CsiRecord> out;
  std::string folder = root_ + "/plugins/kubernetes.io/csi";
  auto drivers = base::list_directory(folder);
  if (!drivers) return out;
  for (auto& driver : *drivers) {
    auto volumes = base::list_directory(folder + "/" + driver);
    if (!volumes || driver == "volumeDevices") continue;
    for (auto& one : *volumes)
      if (auto record = read_record(base::cat({folder, "/", driver, "/", one, "/", kRecord})))
        out.push_back(std::move(*record));
  }
  return out;
}

bool CsiDisk::is_published(const CsiRecord& staged) const {
  auto uids = base::list_directory(root_ + "/pods");
  if (!uids) return false;
  return std::ranges::any_of(*uids, [&](auto& uid) {
    return std::ranges::any_of(published(uid), [&](auto& one) {
      return one.driver == staged.driver && one.handle == staged.handle && !one.ephemeral;
    });
  });
}

}  // namespace kubelet
