#include "kubelet/pods/credential_providers.h"

#include <unistd.h>

#include <algorithm>

#include "api/credentialprovider_kubelet_k8s_io_v1.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/loop.h"
#include "io/process.h"
#include "schema/field_error.h"
#include "schema/json.h"

namespace kubelet {
namespace {

namespace core = api::core_v1;
namespace exchange = api::credentialprovider_kubelet_k8s_io_v1;

constexpr auto kTimeout = std::chrono::minutes(1);
constexpr int64_t kTokenSeconds = 600;
constexpr size_t kKeptMax = 1000;
constexpr std::string_view kVersions[] = {"credentialprovider.kubelet.k8s.io/v1",
                                          "credentialprovider.kubelet.k8s.io/v1alpha1",
                                          "credentialprovider.kubelet.k8s.io/v1beta1"};

base::Error wrong(std::string message) {
  return {base::Code::Invalid, std::move(message)};
}

base::Result<void> check_one(const api::kubelet_config_k8s_io_v1::CredentialProvider& one) {
  if (one.name.empty()) return base::fail(wrong("providers.name: Required value: provider name is required"));
  auto bad_name = [&](std::string_view why) {
    return base::fail(wrong(base::cat({"providers.name: Invalid value: ", base::quote(one.name), ": ", why})));
  };
  if (one.name.find('/') != std::string::npos) return bad_name("provider name cannot contain '/'");
  if (one.name.find(' ') != std::string::npos) return bad_name("provider name cannot contain spaces");
  if (one.name == "." || one.name == "..") return bad_name(base::cat({"provider name cannot be '", one.name, "'"}));
  if (std::ranges::find(kVersions, one.api_version) == std::end(kVersions)) {
    return base::fail(wrong(one.api_version.empty()
                                ? "providers.apiVersion: Required value: apiVersion is required"
                                : base::cat({"providers.apiVersion: Unsupported value: ", base::quote(one.api_version),
                                             ": supported values: \"", kVersions[0], "\", \"", kVersions[1], "\", \"",
                                             kVersions[2], "\""})));
  }
  if (one.match_images.empty())
    return base::fail(wrong("providers.matchImages: Required value: at least 1 item in matchImages is required"));
  if (!one.default_cache_duration) {
    return base::fail(wrong("providers.defaultCacheDuration: Required value: defaultCacheDuration must be set"));
  }
  if (one.default_cache_duration->ns < 0) {
    return base::fail(wrong(base::cat({"providers.defaultCacheDuration: Invalid value: ",
                                       base::quote(base::format_duration(one.default_cache_duration->ns)),
                                       ": must be greater than or equal to 0"})));
  }
  if (!one.token_attributes) return {};
  const auto& token = *one.token_attributes;
  std::string_view at = "providers.tokenAttributes.";
  if (one.api_version != kVersions[0]) {
    return base::fail(
        wrong("providers.tokenAttributes: Forbidden: tokenAttributes is only supported for "
              "credentialprovider.kubelet.k8s.io/v1 API version"));
  }
  if (token.service_account_token_audience.empty())
    return base::fail(wrong(base::cat({at, "serviceAccountTokenAudience: Required value"})));
  if (token.cache_type.empty()) return base::fail(wrong(base::cat({at, "cacheType: Required value"})));
  if (token.cache_type != "ServiceAccount" && token.cache_type != "Token") {
    return base::fail(wrong(base::cat({at, "cacheType: Unsupported value: ", base::quote(token.cache_type),
                                       ": supported values: \"ServiceAccount\", \"Token\""})));
  }
  if (!token.require_service_account)
    return base::fail(wrong(base::cat({at, "requireServiceAccount: Required value"})));
  return {};
}

// "registry.example:5000" of "registry.example:5000/team/app:v1".
std::string registry_of(const std::string& image) {
  return image.substr(0, image.find('/'));
}

std::vector<std::string> environment_with(const std::vector<api::kubelet_config_k8s_io_v1::ExecEnvVar>& added) {
  std::vector<std::string> out;
  for (char** one = environ; *one != nullptr; ++one) out.emplace_back(*one);
  for (const auto& one : added) out.push_back(one.name + "=" + one.value);
  return out;
}

base::Result<exchange::CredentialProviderResponse> read_response(const std::string& text, std::string_view version) {
  TRY(auto type, schema::read_type_meta(text));
  if (type.kind != "CredentialProviderResponse") {
    return base::fail(wrong(base::cat(
        {"failed to decode CredentialProviderResponse, got ", base::quote(type.kind), " of ", type.api_version})));
  }
  if (type.api_version != version) {
    return base::fail(wrong(base::cat({"apiVersion from credential plugin response did not match expected apiVersion:",
                                       version, ", actual apiVersion:", type.api_version})));
  }
  return schema::from_json<exchange::CredentialProviderResponse>(text);
}

}  // namespace

struct CredentialProviders::Account {
  std::string token;
  std::map<std::string, std::string, std::less<>> annotations;
  CredentialSource source;
  std::string cache_key;  // "" without one
};

base::Result<void> check_credential_providers(const CredentialProviderConfig& config, const std::string& directory) {
  if (config.providers.empty())
    return base::fail(wrong("providers: Required value: at least 1 item in plugins is required"));
  if (!base::exists(directory)) {
    return base::fail(base::Code::NotFound, base::cat({"plugin binary directory ", directory, " did not exist"}));
  }
  std::vector<std::string> names;
  for (const auto& one : config.providers) {
    TRY(check_one(one));
    if (std::ranges::find(names, one.name) != names.end())
      return base::fail(wrong(base::cat({"providers.name: Duplicate value: ", base::quote(one.name)})));
    names.push_back(one.name);
    std::string program = base::cat({directory, "/", one.name});
    if (access(program.c_str(), X_OK) != 0)
      return base::fail(base::Code::NotFound, base::cat({"plugin binary executable ", program, " did not exist"}));
  }
  return {};
}

CredentialProviders::CredentialProviders(const CredentialProviderConfig& config, std::string directory, Api& api)
    : config_(config), directory_(std::move(directory)), api_(api) {}
CredentialProviders::~CredentialProviders() = default;

io::Task<std::vector<RegistryCredential>> CredentialProviders::credentials_for(core::Pod pod, std::string image) {
  std::vector<RegistryCredential> found;
  for (const auto& provider : config_.providers) {
    bool fits =
        std::ranges::any_of(provider.match_images, [&](const auto& pattern) { return pattern_fits(pattern, image); });
    if (!fits) continue;
    auto told = co_await ask(provider, pod, image);
    if (!told) {
      LOG_ERROR("Failed getting credential from external registry credential provider", {"provider", provider.name},
                {"image", image}, {"err", told.error().message()});
      continue;
    }
    for (auto& one : kubelet::credentials_for(*told, image)) found.push_back(std::move(one));
  }
  co_return found;
}

io::Task<base::Result<CredentialProviders::Account>> CredentialProviders::account_for(const Provider& provider,
                                                                                      core::Pod pod) {
  Account account;
  if (!provider.token_attributes) co_return account;
  const auto& wanted = *provider.token_attributes;
  CO_TRY(auto object, co_await api_.service_account(pod.metadata.namespace_, pod.spec.service_account_name));
  for (const auto& key : wanted.required_service_account_annotation_keys) {
    auto found = object.metadata.annotations.find(key);
    if (found == object.metadata.annotations.end())
      co_return base::fail(wrong(base::cat({"required annotation ", key, " not found"})));
    account.annotations[key] = found->second;
  }
  for (const auto& key : wanted.optional_service_account_annotation_keys) {
    auto found = object.metadata.annotations.find(key);
    if (found != object.metadata.annotations.end()) account.annotations[key] = found->second;
  }
  CO_TRY(auto token, co_await api_.token(pod, wanted.service_account_token_audience, kTokenSeconds));
  account.token = std::move(token.token);
  account.source = {CredentialSource::Kind::ServiceAccount, object.metadata.uid, object.metadata.namespace_,
                    object.metadata.name};
  account.cache_key = base::cat({object.metadata.namespace_, "/", object.metadata.name, "/", object.metadata.uid});
  for (const auto& [key, value] : account.annotations)
    account.cache_key += base::cat({"/", base::quote(key), base::quote(value)});
  if (wanted.cache_type == "Token") account.cache_key += "/" + account.token;
  co_return account;
}

const CredentialProviders::Kept* CredentialProviders::kept(const std::string& provider, const std::string& account,
                                                           const std::string& image) {
  int64_t now_ns = io::Loop::current().clock().monotonic_ns();
  std::erase_if(kept_, [&](const auto& one) { return one.second.expires_ns <= now_ns; });
  for (const auto& scope : {image, registry_of(image), std::string()}) {
    auto found = kept_.find(base::cat({provider, "\n", account, "\n", scope}));
    if (found != kept_.end()) return &found->second;
  }
  return nullptr;
}

io::Task<base::Result<std::vector<RegistryCredential>>> CredentialProviders::ask(const Provider& provider,
                                                                                 core::Pod pod, std::string image) {
  bool needs_account = provider.token_attributes && provider.token_attributes->require_service_account.value_or(true);
  if (needs_account && pod.spec.service_account_name.empty()) co_return std::vector<RegistryCredential>();
  CO_TRY(auto account, co_await account_for(provider, std::move(pod)));
  if (const Kept* known = kept(provider.name, account.cache_key, image)) co_return known->credentials;

  exchange::CredentialProviderRequest request;
  request.image = image;
  request.service_account_token = account.token;
  request.service_account_annotations = account.annotations;
  std::string text = schema::to_json(request);
  constexpr std::string_view kWritten = "credentialprovider.kubelet.k8s.io/v1\"";
  // The older versions differ in nothing but their name.
  if (auto at = text.find(kWritten); at != std::string::npos)
    text.replace(at, kWritten.size() - 1, provider.api_version);
  std::vector<std::string> argv = {base::cat({directory_, "/", provider.name})};
  argv.insert(argv.end(), provider.args.begin(), provider.args.end());
  auto ran = co_await io::with_timeout(kTimeout, io::run_command({.argv = std::move(argv),
                                                                  .environment = environment_with(provider.env),
                                                                  .input = base::Bytes(std::move(text))}));
  std::string failed =
      base::cat({"error execing credential provider plugin ", provider.name, " for image ", image, ": "});
  if (!ran) co_return base::fail(base::Code::Timeout, failed + "it did not answer in time");
  if (!*ran) co_return base::fail((*ran).error().with_context(failed));
  if (!(*ran)->status.ok()) {
    co_return base::fail(base::Code::Internal,
                         base::cat({failed, (*ran)->status.text(), ": ", base::trim((*ran)->error)}));
  }
  CO_TRY(auto response, read_response((*ran)->output, provider.api_version));
  std::string scope;
  if (response.cache_key_type == "Image") {
    scope = image;
  } else if (response.cache_key_type == "Registry") {
    scope = registry_of(image);
  } else if (response.cache_key_type != "Global") {
    co_return base::fail(wrong(base::cat(
        {"credential provider plugin did not return a valid cacheKeyType: ", base::quote(response.cache_key_type)})));
  }
  Kept kept;
  for (const auto& [pattern, auth] : response.auth) {
    RegistryCredential one;
    one.pattern = pattern;
    one.username = auth.username;
    one.password = auth.password;
    one.source = account.source;
    kept.credentials.push_back(std::move(one));
  }
  int64_t span_ns = response.cache_duration ? response.cache_duration->ns : provider.default_cache_duration->ns;
  auto credentials = kept.credentials;
  if (span_ns > 0 && kept_.size() < kKeptMax) {
    kept.expires_ns = io::Loop::current().clock().monotonic_ns() + span_ns;
    kept_[base::cat({provider.name, "\n", account.cache_key, "\n", scope})] = std::move(kept);
  }
  co_return credentials;
}

}  // namespace kubelet
