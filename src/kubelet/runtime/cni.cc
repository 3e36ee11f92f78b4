#include "kubelet/runtime/cni.h"

#include "base/file.h"
#include "base/json.h"

namespace kubelet {
namespace {

std::string text(std::string_view value) {
  std::string out;
  base::append_json_string(out, value);
  return out;
}

}  // namespace

std::string cni_configuration(const CniOptions& options) {
  std::string ranges, routes;
  for (auto& cidr : options.pod_cidrs) {
    if (!ranges.empty()) ranges += ", ", routes += ", ";
    ranges += "[{\"subnet\": " + text(cidr) + "}]";
    routes += cidr.contains(':') ? R"({"dst": "::/0"})" : R"({"dst": "0.0.0.0/0"})";
  }
  std::string out = "{\n  \"cniVersion\": \"1.0.0\",\n  \"name\": \"navarch\",\n  \"plugins\": [\n    {\n";
  out += "      \"type\": \"bridge\",\n      \"bridge\": " + text(options.bridge) + ",\n";
  out += "      \"isGateway\": true,\n      \"hairpinMode\": true,\n";
  out += std::string("      \"ipMasq\": ") + (options.masquerade ? "true" : "false") + ",\n";
  if (options.mtu > 0) out += "      \"mtu\": " + std::to_string(options.mtu) + ",\n";
  out +=
      "      \"ipam\": {\n        \"type\": \"host-local\",\n        \"dataDir\": " + text(options.address_directory) +
      ",\n        \"ranges\": [" + ranges + "],\n        \"routes\": [" + routes + "]\n      }\n    },\n";
  out += "    {\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}\n  ]\n}\n";
  return out;
}

base::Result<void> write_cni_configuration(const std::string& directory, const CniOptions& options) {
  std::string path = directory + "/10-navarch.conflist";
  std::string wanted = cni_configuration(options);
  if (auto present = base::read_file(path); present && *present == wanted) return {};
  TRY(base::make_directories(directory, 0755));
  return base::write_file(path, wanted, 0644);
}

}  // namespace kubelet
