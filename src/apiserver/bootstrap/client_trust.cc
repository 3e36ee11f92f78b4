#include "apiserver/bootstrap/client_trust.h"

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/bootstrap/own_call.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "pki/certificate.h"
#include "schema/value.h"

namespace apiserver {
namespace {

using api::core_v1::ConfigMap;

constexpr const char* kNamespace = "kube-system";
constexpr const char* kName = "extension-apiserver-authentication";
constexpr auto kAgainAfter = std::chrono::seconds(1);
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

bool is_certificates(const std::string& key) {
  return key.ends_with("client-ca-file");
}

std::string json_of(const std::vector<std::string>& texts) {
  schema::Value::Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return schema::Value(std::move(array)).to_json();
}

std::vector<std::string> certificates_in(std::string_view pem) {
  std::vector<std::string> found;
  for (;;) {
    auto begin = pem.find(kBegin);
    auto end = pem.find(kEnd, begin == std::string_view::npos ? 0 : begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return found;
    found.emplace_back(pem.substr(begin, end + kEnd.size() - begin));
    pem.remove_prefix(end + kEnd.size());
  }
}

std::string combined_certificates(const std::string& there, const std::string& ours, base::Time now) {
  std::vector<std::string> seen;
  std::string all;
  for (const auto* pem : {&there, &ours}) {
    for (const auto& one : certificates_in(*pem)) {
      auto info = pki::read_certificate(one);
      if (!info || info->not_after < now || std::ranges::find(seen, info->sha256) != seen.end()) continue;
      seen.push_back(info->sha256);
      all += one + "\n";
    }
  }
  return all;
}

std::string combined_texts(const std::string& there, const std::string& ours) {
  std::vector<std::string> all;
  for (const auto* json : {&there, &ours}) {
    auto list = schema::Value::parse(*json);
    if (!list || !list->is_array()) continue;
    for (const auto& one : list->as_array()) {
      if (one.is_string() && std::ranges::find(all, one.as_string()) == all.end()) all.push_back(one.as_string());
    }
  }
  return json_of(all);
}

io::Task<base::Result<schema::Object>> with_trust(const schema::Object* before, TrustData ours, base::Time now) {
  if (before == nullptr) co_return base::fail(base::Code::NotFound, "it has gone");
  ConfigMap map = before->as<ConfigMap>();
  TrustData there(map.data.begin(), map.data.end());
  for (auto& [key, value] : combined_trust(there, ours, now)) map.data[key] = value;
  co_return schema::Object(std::move(map));
}

}  // namespace

TrustData combined_trust(const TrustData& there, const TrustData& ours, base::Time now) {
  TrustData all = there;
  for (const auto& [key, value] : ours) {
    auto at = there.find(key);
    std::string before = at == there.end() ? "" : at->second;
    all[key] = is_certificates(key) ? combined_certificates(before, value, now) : combined_texts(before, value);
  }
  return all;
}

ClientTrust::ClientTrust(Registry& registry, Headers headers) : registry_(registry), headers_(std::move(headers)) {}

void ClientTrust::set(const std::string& client_ca, const std::string& front_proxy_ca) {
  data_.clear();
  if (!client_ca.empty()) data_["client-ca-file"] = client_ca;
  if (!front_proxy_ca.empty()) {
    data_["requestheader-client-ca-file"] = front_proxy_ca;
    data_["requestheader-allowed-names"] = json_of(headers_.names);
    data_["requestheader-username-headers"] = json_of(headers_.user);
    data_["requestheader-uid-headers"] = json_of(headers_.uid);
    data_["requestheader-group-headers"] = json_of(headers_.group);
    data_["requestheader-extra-headers-prefix"] = json_of(headers_.extra_prefixes);
  }
  changed_.set();
}

io::Task<base::Result<void>> ClientTrust::write() {
  const Served& served = registry_.catalog().of<ConfigMap>();
  auto current = co_await registry_.reader().get<ConfigMap>(kNamespace, kName);
  if (!current) {
    if (current.error().code() != base::Code::NotFound) co_return base::fail(current.error());
    ConfigMap map;
    map.metadata.namespace_ = kNamespace;
    map.metadata.name = kName;
    for (auto& [key, value] : combined_trust({}, data_, registry_.now())) map.data[key] = value;
    auto call = own_call(served, map.metadata, "create");
    auto made = co_await registry_.create_object(call, served, schema::Object(std::move(map)), {});
    if (!made && made.error().code() != base::Code::AlreadyExists) co_return base::fail(made.error());
    if (made) co_return {};
  }
  ConfigMap known;
  known.metadata.namespace_ = kNamespace;
  known.metadata.name = kName;
  auto call = own_call(served, known.metadata, "update");
  auto next = [data = data_, now = registry_.now()](const schema::Object* before) {
    return with_trust(before, data, now);
  };
  auto written = co_await registry_.write(call, served, kNamespace, kName, next, {});
  if (!written) co_return base::fail(written.error());
  co_return {};
}

io::Task<void> ClientTrust::wake_on_change() {
  const Served& served = registry_.catalog().of<ConfigMap>();
  std::string key = served.key(kNamespace, kName);
  for (;;) {
    auto watch = registry_.store().watch(key, registry_.store().revision());
    changed_.set();  // whatever happened before is found by looking
    while (watch) {
      auto events = co_await (*watch)->next();
      if (!events && events.error().code() == base::Code::Closed) co_return;
      if (!events) break;
      for (const auto& event : *events) {
        if (event->entry->key == key) changed_.set();
      }
    }
    co_await io::sleep(kAgainAfter);
  }
}

io::Task<void> ClientTrust::run() {
  io::Scope scope;
  scope.spawn(wake_on_change());
  for (;;) {
    co_await changed_.wait();
    changed_.reset();
    auto done = co_await write();
    if (done) continue;
    if (done.error().code() == base::Code::Closed || done.error().code() == base::Code::Cancelled) co_return;
    LOG_WARNING("Whom extension API servers are to believe cannot be told", {"err", done.error().message()});
    co_await io::sleep(kAgainAfter);
    changed_.set();
  }
}

}  // namespace apiserver
