#include "apiserver/registry/validation/volume_sources.h"

#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kHostPorts = "must be a host:port pair or multiple pairs separated by commas";
constexpr size_t kTenantLengthMax = 64;
constexpr size_t kDriverLengthMax = 63;
constexpr int32_t kPartitionMax = 255;

bool is_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    size_t end = text.find("]:");
    return end != text.npos && text.find(':', end + 2) == text.npos;
  }
  size_t colon = text.find(':');
  return colon != text.npos && text.find(':', colon + 1) == text.npos;
}

bool all_alnum(std::string_view text) {
  for (char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
  }
  return true;
}

bool all_digits(std::string_view text) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

// iqn.2001-04.com.example:storage
bool is_iqn(std::string_view name) {
  if (name.size() < 13 || !name.starts_with("iqn.") || !all_digits(name.substr(4, 4)) || name[8] != '-' ||
      !all_digits(name.substr(9, 2)) || name[11] != '.') {
    return false;
  }
  name.remove_prefix(12);
  size_t colon = name.find(':');
  if (colon == name.npos || colon == 0 || colon + 1 == name.size()) return false;
  for (char c : name.substr(0, colon)) {
    if (!all_alnum({&c, 1}) && c != '-' && c != '.') return false;
  }
  return name.substr(colon + 1).find_first_of(",;*&$| \t\n\r\v\f") == name.npos;
}

void check_partition(Report& report, int32_t partition, const Place& at) {
  // 0 is none, though the complaint does not tell.
  if (partition < 0 || partition > kPartitionMax) report.invalid(at, partition, "must be between 1 and 255, inclusive");
}

}  // namespace

bool SourceChoice::takes(bool set, std::string_view shown) {
  if (!set) return false;
  if (found_) {
    report_.forbidden(Place(at_, shown), "may not specify more than 1 volume type");
    return false;
  }
  found_ = true;
  return true;
}

void SourceChoice::finish() {
  if (!found_) report_.required(at_, "must specify a volume type");
}

void check_required(Report& report, std::string_view text, const Place& at) {
  if (text.empty()) report.required(at);
}

void check_host_path(Report& report, const core::HostPathVolumeSource& source, const Place& at) {
  if (source.path.empty()) {
    report.required(Place(at, "path"));
    return;
  }
  check_no_backsteps(report, source.path, Place(at, "path"));
  if (source.type) {
    report.one_of(
        Place(at, "type"), *source.type,
        {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"});
  }
}

void check_nfs(Report& report, const core::NFSVolumeSource& source, const Place& at) {
  check_required(report, source.server, Place(at, "server"));
  Place path(at, "path");
  check_required(report, source.path, path);
  if (!source.path.starts_with('/')) report.invalid(path, source.path, "must be an absolute path");
}

void check_fibre_channel(Report& report, const core::FCVolumeSource& source, const Place& at) {
  Place targets(at, "targetWWNs");
  if (source.target_wwns.empty() && source.wwids.empty()) {
    report.required(targets, "must specify either targetWWNs or wwids, but not both");
  }
  if (source.target_wwns.empty()) return;
  if (!source.wwids.empty()) {
    report.invalid(targets, bad_value(source.target_wwns), "targetWWNs and wwids can not be specified simultaneously");
  }
  Place lun(at, "lun");
  if (!source.lun) {
    report.required(lun, "lun is required if targetWWNs is specified");
  } else {
    report.problems(lun, int64_t{*source.lun}, schema::check_in_range(*source.lun, 0, 255));
  }
}

void check_flocker(Report& report, const core::FlockerVolumeSource& source, const Place& at) {
  if (source.dataset_name.empty() && source.dataset_uuid.empty()) {
    report.required(at, "one of datasetName and datasetUUID is required");
  }
  if (!source.dataset_name.empty() && !source.dataset_uuid.empty()) {
    report.invalid(at, "resource", "datasetName and datasetUUID can not be specified simultaneously");
  }
  if (source.dataset_name.find('/') != std::string::npos) {
    report.invalid(Place(at, "datasetName"), source.dataset_name, "must not contain '/'");
  }
}

void check_quobyte(Report& report, const core::QuobyteVolumeSource& source, const Place& at) {
  if (source.registry.empty()) {
    report.required(Place(at, "registry"), kHostPorts);
  } else if (source.tenant.size() > kTenantLengthMax) {
    report.required(Place(at, "tenant"), "must be a UUID and may not exceed a length of 64 characters");
  } else {
    for (auto pair : base::split(source.registry, ',')) {
      if (!is_host_port(pair)) report.invalid(Place(at, "registry"), source.registry, kHostPorts);
    }
  }
  check_required(report, source.volume, Place(at, "volume"));
}

void check_azure_disk(Report& report, const core::AzureDiskVolumeSource& source, const Place& at) {
  check_required(report, source.disk_name, Place(at, "diskName"));
  Place uri(at, "diskURI");
  check_required(report, source.disk_uri, uri);
  if (source.caching_mode)
    report.one_of(Place(at, "cachingMode"), *source.caching_mode, {"None", "ReadOnly", "ReadWrite"});
  if (!source.kind) return;
  report.one_of(Place(at, "kind"), *source.kind, {"Dedicated", "Managed", "Shared"});
  if (*source.kind == "Managed") {
    if (!source.disk_uri.starts_with("/subscriptions/")) {
      report.not_supported(
          uri, source.disk_uri,
          {"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"});
    }
  } else if (!source.disk_uri.starts_with("https://")) {
    report.not_supported(uri, source.disk_uri,
                         {"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"});
  }
}

void check_gce_disk(Report& report, const core::GCEPersistentDiskVolumeSource& source, const Place& at) {
  check_required(report, source.pd_name, Place(at, "pdName"));
  check_partition(report, source.partition, Place(at, "partition"));
}

void check_aws_disk(Report& report, const core::AWSElasticBlockStoreVolumeSource& source, const Place& at) {
  check_required(report, source.volume_id, Place(at, "volumeID"));
  check_partition(report, source.partition, Place(at, "partition"));
}

void check_csi_driver_name(Report& report, std::string_view name, const Place& at) {
  if (name.empty()) {
    report.required(at);
    return;
  }
  if (name.size() > kDriverLengthMax) report.too_long(at, kDriverLengthMax);
  report.problems(at, name, schema::check_dns1123_subdomain(base::to_lower(name)));
}

bool has_iscsi_prefix(std::string_view name) {
  return name.starts_with("iqn") || name.starts_with("eui") || name.starts_with("naa");
}

bool is_iscsi_name(std::string_view name) {
  if (name.starts_with("iqn")) return is_iqn(name);
  if (name.starts_with("eui")) return name.size() == 20 && all_alnum(name.substr(4));
  return name.starts_with("naa") && name.size() == 36 && all_alnum(name.substr(4));
}

void check_flex_options(Report& report, const Labels& options, const Place& at) {
  for (const auto& [key, value] : options) {
    std::string domain = "." + base::to_lower(std::string_view(key).substr(0, key.find('/')));
    if (domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io")) {
      report.invalid(Place::key(at, key), key, "kubernetes.io and k8s.io namespaces are reserved");
    }
  }
}

}  // namespace apiserver
