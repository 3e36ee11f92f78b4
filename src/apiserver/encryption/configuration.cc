#include "apiserver/encryption/configuration.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/time.h"
#include "schema/json.h"
#include "schema/yaml.h"

namespace apiserver::encryption {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr int64_t kKmsTimeoutNs = 3'000'000'000;  // when none is given
const GroupResource kAll{"*", "*"};

FieldError needs_one(const FieldPath& path, std::string_view what) {
  return FieldError::required(path, base::cat({"at least one ", what, " is required"}));
}

void check_overlap(const std::vector<std::string>& names, const FieldPath& path, FieldErrors& errors) {
  bool duplicate = false;
  bool overlap = false;
  for (size_t i = 0; i < names.size(); ++i) {
    auto one = GroupResource::parse(names[i]);
    for (size_t j = 0; j < names.size(); ++j) {
      if (i == j) continue;
      auto other = GroupResource::parse(names[j]);
      if (one == other) {
        duplicate = true;
      } else if (one == kAll || (one.group == other.group && (one.resource == "*" || other.resource == "*"))) {
        overlap = true;
      }
    }
  }
  schema::Value::Array all(names.begin(), names.end());
  schema::BadValue shown{schema::Value(std::move(all))};
  if (duplicate) {
    errors.push_back(FieldError::invalid(path, shown, "the same resource cannot be specified multiple times"));
  }
  if (overlap) {
    errors.push_back(FieldError::invalid(path, shown,
                                         "using overlapping resources such as 'secrets' and '*.' in the same resource "
                                         "list is not allowed as they will be masked"));
  }
}

std::string_view name_complaint(std::string_view name) {
  if (base::to_lower(name) != name) return "resource name should not contain capital letters";
  if (name == "*") {
    return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  }
  if (name == "apiserveripinfo" || name == "serviceipallocations" || name == "servicenodeportallocations") {
    return "resources which do not have REST API/s cannot be encrypted";
  }
  auto parsed = GroupResource::parse(name);
  if (parsed.group == "events.k8s.io") {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the "
           "config file";
  }
  if (parsed.group == "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (parsed.group == "*" && parsed.resource != "*") {
    return "encrypting the same resource across groups is not supported";
  }
  return "";
}

void check_key(const config::Key& key, const FieldPath& path, bool only_32, FieldErrors& errors) {
  if (key.name.empty())
    errors.push_back(FieldError::required(path.child("name"), "name is a mandatory field for a key"));
  auto secret_path = path.child("secret");
  if (key.secret.empty()) {
    errors.push_back(FieldError::required(secret_path, "secret is a mandatory field for a key"));
    return;
  }
  auto secret = base::base64_decode(key.secret);
  if (!secret) {
    errors.push_back(FieldError::invalid(secret_path, "REDACTED", "secrets must be base64 encoded"));
    return;
  }
  bool fits = secret->size() == 32 || (!only_32 && (secret->size() == 16 || secret->size() == 24));
  if (fits) return;
  errors.push_back(
      FieldError::invalid(secret_path, "REDACTED",
                          base::cat({"secret is not of the expected length, got ", std::to_string(secret->size()),
                                     ", expected one of ", only_32 ? "[32]" : "[16 24 32]"})));
}

void check_keys(const std::vector<config::Key>& keys, const FieldPath& path, bool only_32, FieldErrors& errors) {
  if (keys.empty()) errors.push_back(needs_one(path, "keys"));
  for (size_t i = 0; i < keys.size(); ++i) check_key(keys[i], path.index(i), only_32, errors);
}

void check_endpoint(std::string_view endpoint, const FieldPath& path, FieldErrors& errors) {
  if (endpoint.empty()) {
    errors.push_back(FieldError::invalid(path, "", "endpoint is a mandatory field for a kms"));
    return;
  }
  auto colon = endpoint.find(':');
  std::string_view scheme = colon == std::string_view::npos ? "" : endpoint.substr(0, colon);
  if (scheme == "unix") return;
  errors.push_back(FieldError::invalid(
      path, endpoint,
      base::cat({"unsupported scheme ", base::quote(scheme), " for KMS provider, only unix is supported"})));
}

void check_kms(const config::KMSConfiguration& kms, const FieldPath& path, std::set<std::string>& names,
               FieldErrors& errors) {
  auto name_path = path.child("name");
  if (kms.name.empty()) {
    errors.push_back(FieldError::required(name_path, "name is a mandatory field for a provider"));
  }
  if (kms.name.find(':') != std::string::npos) {
    errors.push_back(FieldError::invalid(
        name_path, kms.name, base::cat({"invalid KMS provider name ", kms.name, ", must not contain ':'"})));
  }
  if (!names.insert(kms.name).second) {
    errors.push_back(FieldError::invalid(
        name_path, kms.name, base::cat({"duplicate KMS provider name ", kms.name, ", names must be unique"})));
  }
  if (kms.timeout && kms.timeout->ns <= 0) {
    errors.push_back(FieldError::invalid(path.child("timeout"), base::format_duration(kms.timeout->ns),
                                         "timeout should be a positive value"));
  }
  check_endpoint(kms.endpoint, path.child("endpoint"), errors);
  if (kms.cachesize && kms.api_version == "v2") {
    errors.push_back(FieldError::invalid(path.child("cachesize"), *kms.cachesize, "cachesize is not supported in v2"));
  }
  if (kms.api_version != "v2" && kms.api_version != "v1" && !kms.api_version.empty()) {
    errors.push_back(
        FieldError::invalid(path.child("apiVersion"), kms.api_version,
                            "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported"));
  }
}

void check_provider(const config::ProviderConfiguration& provider, const FieldPath& path, std::set<std::string>& names,
                    FieldErrors& errors) {
  int given = !!provider.aesgcm + !!provider.aescbc + !!provider.secretbox + !!provider.identity + !!provider.kms;
  if (given == 0) {
    errors.push_back(FieldError::invalid(
        path, schema::BadValue::json("{}"),
        "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"));
  }
  if (given > 1) {
    errors.push_back(FieldError::invalid(
        path, schema::BadValue::json("{...}"),
        "more than one provider specified in a single element, should split into different list elements"));
  }
  if (provider.kms) {
    check_kms(*provider.kms, path.child("kms"), names, errors);
  } else if (provider.aesgcm) {
    check_keys(provider.aesgcm->keys, path.child("aesgcm", "keys"), false, errors);
  } else if (provider.aescbc) {
    check_keys(provider.aescbc->keys, path.child("aescbc", "keys"), false, errors);
  } else if (provider.secretbox) {
    check_keys(provider.secretbox->keys, path.child("secretbox", "keys"), true, errors);
  }
}

void add_keys(LocalCipher cipher, const std::vector<config::Key>& keys, Ways& ways) {
  for (const auto& key : keys) {
    // What cannot be decoded was refused by the check.
    ways.sources.push_back(make_local_key(cipher, key.name, base::base64_decode(key.secret).value_or("")));
  }
}

std::string shown(const GroupResource& resource) {
  if (resource.group.empty() && resource.resource != "*") return resource.resource;
  return base::cat({resource.resource, ".", resource.group});
}

class RulesMaker {
 public:
  RulesMaker(Rules& rules, base::Clock& clock, const EncryptionMetrics& metrics)
      : rules_(rules), clock_(clock), metrics_(metrics) {}

  base::Result<void> add(const config::ResourceConfiguration& given) {
    Ways ways;
    for (const auto& provider : given.providers) TRY(add_provider(provider, ways));
    for (const auto& name : given.resources) {
      auto resource = GroupResource::parse(name);
      for (const auto& earlier : {GroupResource{resource.group, "*"}, kAll}) {
        if (!rules_.ways.contains(earlier)) continue;
        return base::fail(base::Code::BadRequest,
                          base::cat({"resource ", base::quote(shown(resource)), " is masked by earlier rule ",
                                     base::quote(shown(earlier))}));
      }
      auto& all = rules_.ways[resource].sources;
      all.insert(all.end(), ways.sources.begin(), ways.sources.end());
    }
    return {};
  }

 private:
  base::Result<void> add_provider(const config::ProviderConfiguration& provider, Ways& ways) {
    if (provider.identity) ways.sources.push_back(nullptr);
    if (provider.aescbc) add_keys(LocalCipher::AesCbc, provider.aescbc->keys, ways);
    if (provider.aesgcm) add_keys(LocalCipher::AesGcm, provider.aesgcm->keys, ways);
    if (provider.secretbox) add_keys(LocalCipher::Secretbox, provider.secretbox->keys, ways);
    if (!provider.kms) return {};
    const auto& kms = *provider.kms;
    if (kms.api_version != "v2") {
      return base::fail(base::Code::BadRequest,
                        "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead. "
                        "To use KMSv1, set --feature-gates=KMSv1=true.");
    }
    io::Duration timeout = std::chrono::nanoseconds(kms.timeout ? kms.timeout->ns : kKmsTimeoutNs);
    TRY(auto service, KeyService::create({kms.name, kms.endpoint, timeout}, clock_, metrics_));
    ways.sources.push_back(service);
    rules_.services.push_back(std::move(service));
    return {};
  }

  Rules& rules_;
  base::Clock& clock_;
  const EncryptionMetrics& metrics_;
};

}  // namespace

GroupResource GroupResource::parse(std::string_view text) {
  auto dot = text.find('.');
  if (dot == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(dot + 1)), std::string(text.substr(0, dot))};
}

bool Ways::reads_plain() const {
  return std::any_of(sources.begin(), sources.end(), [](const auto& source) { return source == nullptr; });
}

const Ways* Rules::find(const GroupResource& resource) const {
  for (const auto& pattern : {resource, GroupResource{resource.group, "*"}, kAll}) {
    if (auto found = ways.find(pattern); found != ways.end()) return &found->second;
  }
  return nullptr;
}

base::Result<EncryptionConfiguration> read_configuration(std::string_view text) {
  TRY(auto json, schema::yaml_to_json(text, schema::DuplicateKeys::Refused));
  TRY(auto type, schema::read_type_meta(json));
  if (type.api_version != "apiserver.config.k8s.io/v1" || type.kind != "EncryptionConfiguration") {
    return base::fail(
        base::Code::BadRequest,
        base::cat({"no kind ", base::quote(type.kind), " is registered for version ", base::quote(type.api_version)}));
  }
  std::vector<std::string> strict_errors;
  TRY(auto read, schema::from_json<EncryptionConfiguration>(json, &strict_errors));
  if (!strict_errors.empty()) {
    return base::fail(base::Code::BadRequest, base::cat({"strict decoding error: ", base::join(strict_errors, ", ")}));
  }
  return read;
}

FieldErrors check_configuration(const EncryptionConfiguration& configuration) {
  FieldErrors errors;
  FieldPath root("resources");
  if (configuration.resources.empty()) errors.push_back(needs_one(root, "resources"));
  std::set<std::string> names;
  for (size_t i = 0; i < configuration.resources.size(); ++i) {
    const auto& one = configuration.resources[i];
    auto resources = root.index(i).child("resources");
    auto providers = root.index(i).child("providers");
    if (one.resources.empty()) errors.push_back(needs_one(resources, resources.text()));
    check_overlap(one.resources, resources, errors);
    for (size_t j = 0; j < one.resources.size(); ++j) {
      auto complaint = name_complaint(one.resources[j]);
      if (!complaint.empty()) errors.push_back(FieldError::invalid(resources.index(j), one.resources[j], complaint));
    }
    if (one.providers.empty()) errors.push_back(needs_one(providers, providers.text()));
    for (size_t j = 0; j < one.providers.size(); ++j) {
      check_provider(one.providers[j], providers.index(j), names, errors);
    }
  }
  return errors;
}

base::Result<std::shared_ptr<const Rules>> make_rules(const EncryptionConfiguration& configuration, base::Clock& clock,
                                                      const EncryptionMetrics& metrics) {
  auto rules = std::make_shared<Rules>();
  RulesMaker maker(*rules, clock, metrics);
  for (const auto& one : configuration.resources) TRY(maker.add(one));
  return rules;
}

}  // namespace apiserver::encryption
