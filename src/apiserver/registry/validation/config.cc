#include "apiserver/registry/validation/config.h"

#include "apiserver/registry/validation/report.h"
#include "base/json.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

constexpr size_t kDataBytesMax = size_t{1} << 20;
constexpr std::string_view kFrozen = "field is immutable when `immutable` is set";

void check_frozen(Report& report, bool same, std::string_view field) {
  if (!same) report.forbidden(Place(field), kFrozen);
}

template <class Data>
size_t check_data(Report& report, const Data& data, const Place& at) {
  size_t bytes = 0;
  for (const auto& [key, value] : data) {
    report.problems(Place::key(at, key), key, schema::check_config_key(key));
    bytes += value.size();
  }
  return bytes;
}

// Whether the content under the key is one JSON object.
void check_json(Report& report, const core::Secret& secret, const char* key) {
  Place data("data");
  Place at = Place::key(data, key);
  auto found = secret.data.find(key);
  if (found == secret.data.end()) {
    report.required(at);
    return;
  }
  constexpr std::string_view kRedacted = "<secret contents redacted>";
  base::JsonReader reader(found->second);
  auto kind = reader.peek();
  reader.skip_value();
  if (auto done = reader.finish(); !done) {
    report.invalid(at, kRedacted, done.error().message());
    return;
  }
  std::string_view what;
  switch (kind) {
    case base::JsonKind::Array:
      what = "array";
      break;
    case base::JsonKind::String:
      what = "string";
      break;
    case base::JsonKind::Number:
      what = "number";
      break;
    case base::JsonKind::Bool:
      what = "bool";
      break;
    default:
      return;
  }
  std::string problem = "json: cannot unmarshal ";
  problem += what;
  report.invalid(at, kRedacted, problem + " into Go value of type map[string]interface {}");
}

void check_secret_type(Report& report, const core::Secret& secret) {
  Place data("data");
  auto needs = [&](const char* key) {
    if (!secret.data.contains(key)) report.required(Place::key(data, key));
  };
  if (secret.type == "kubernetes.io/service-account-token") {
    constexpr std::string_view kAccount = "kubernetes.io/service-account.name";
    auto name = secret.metadata.annotations.find(kAccount);
    if (name == secret.metadata.annotations.end() || name->second.empty()) {
      Place annotations("metadata.annotations");
      report.required(Place::key(annotations, kAccount));
    }
  } else if (secret.type == "kubernetes.io/dockercfg") {
    check_json(report, secret, ".dockercfg");
  } else if (secret.type == "kubernetes.io/dockerconfigjson") {
    check_json(report, secret, ".dockerconfigjson");
  } else if (secret.type == "kubernetes.io/basic-auth") {
    if (!secret.data.contains("username") && !secret.data.contains("password")) {
      needs("username");
      needs("password");
    }
  } else if (secret.type == "kubernetes.io/ssh-auth") {
    auto key = secret.data.find("ssh-privatekey");
    if (key == secret.data.end() || key->second.empty()) report.required(Place::key(data, "ssh-privatekey"));
  } else if (secret.type == "kubernetes.io/tls") {
    needs("tls.crt");
    needs("tls.key");
  }
}

}  // namespace

FieldErrors validate_config_map(const core::ConfigMap& next, const core::ConfigMap* current) {
  Report report;
  if (current != nullptr && current->immutable.value_or(false)) {
    check_frozen(report, next.immutable.value_or(false), "immutable");
    check_frozen(report, next.data == current->data, "data");
    check_frozen(report, next.binary_data == current->binary_data, "binaryData");
  }
  size_t bytes = 0;
  Place data("data");
  for (const auto& [key, value] : next.data) {
    Place here = Place::key(data, key);
    report.problems(here, key, schema::check_config_key(key));
    if (next.binary_data.contains(key)) report.invalid(here, key, "duplicate of key present in binaryData");
    bytes += value.size();
  }
  bytes += check_data(report, next.binary_data, Place("binaryData"));
  if (bytes > kDataBytesMax) report.too_long(Place("[]"), kDataBytesMax);
  return report.take();
}

FieldErrors validate_secret(const core::Secret& next, const core::Secret* current) {
  Report report;
  if (current != nullptr) {
    report.immutable_unless(next.type == current->type, Place("type"), next.type);
    if (current->immutable.value_or(false)) {
      check_frozen(report, next.immutable.value_or(false), "immutable");
      check_frozen(report, next.data == current->data, "data");
    }
  }
  Place data("data");
  if (check_data(report, next.data, data) > kDataBytesMax) report.too_long(data, kDataBytesMax);
  check_secret_type(report, next);
  return report.take();
}

}  // namespace apiserver
