#include "main/part/credential_provider_configuration.h"

#include <sys/stat.h>

#include <vector>

#include "kubelet/pods/credential_providers.h"
#include "main/part/configuration_file.h"

namespace navarch {
namespace {

using Configuration = api::kubelet_config_k8s_io_v1::CredentialProviderConfig;

base::Result<std::vector<std::string>> files_of(const std::string& path) {
  struct stat found;
  if (stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  TRY(auto names, base::list_directory(path));
  for (const auto& name : names) {
    if (name.ends_with(".json") || name.ends_with(".yaml") || name.ends_with(".yml"))
      files.push_back(path + "/" + name);
  }
  if (files.empty()) {
    return base::fail(base::Code::NotFound,
                      base::cat({"no configuration files found in directory ", base::quote(path)}));
  }
  return files;
}

base::Result<Configuration> read_file_of(const std::string& path) {
  TRY(auto text, base::read_file(path));
  TRY(auto json, schema::yaml_to_json(text, schema::DuplicateKeys::Refused));
  TRY(auto type, schema::read_type_meta(json));
  for (std::string_view version : {"kubelet.config.k8s.io/v1alpha1", "kubelet.config.k8s.io/v1beta1"}) {
    // The older versions have fewer fields, and no others.
    if (type.api_version == version) return schema::from_json<Configuration>(json);
  }
  return read_configuration<Configuration>(path, "kubelet.config.k8s.io/v1", "CredentialProviderConfig");
}

base::Result<Configuration> read_all(const std::string& path, const std::string& directory) {
  TRY(auto files, files_of(path));
  Configuration all;
  for (const auto& file : files) {
    TRY(auto one, read_file_of(file));
    for (auto& provider : one.providers) all.providers.push_back(std::move(provider));
  }
  TRY(kubelet::check_credential_providers(all, directory));
  return all;
}

}  // namespace

base::Result<std::shared_ptr<const Configuration>> read_credential_provider_configuration(
    const std::string& path, const std::string& directory) {
  auto read = read_all(path, directory);
  if (!read) return base::fail(read.error().with_context("failed to register CRI auth plugins"));
  return std::make_shared<const Configuration>(std::move(*read));
}

}  // namespace navarch
