#include "apiserver/encryption/encryption.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "schema/resource.h"

namespace apiserver::encryption {
namespace {

constexpr io::Duration kFilePause = std::chrono::seconds(60);  // upstream looks as often

// Built-in resources by the beginning of their keys. Of two groups with the same objects the older is first.
const std::map<std::string_view, GroupResource>& built_in() {
  static const auto all = [] {
    std::map<std::string_view, GroupResource> by_prefix;
    for (const auto& row : schema::resources()) {
      if (row.etcd_key.empty()) continue;
      by_prefix.try_emplace(row.etcd_key.substr(0, row.etcd_key.find('<')), std::string(row.group),
                            std::string(row.plural));
    }
    return by_prefix;
  }();
  return all;
}

store::SealRef seal_of(const KeySource& source, std::string_view key) {
  return std::make_shared<const store::Seal>(store::Seal{.with = base::cat({source.prefix(), key})});
}

// Why none of the ways opened what was kept. Upstream tells a key that is missing from a cipher that is.
std::string_view complaint_about(const Ways& ways, std::string_view kept) {
  constexpr std::string_view kNoAesKey = "no matching key was found for the provided AES transformer";
  constexpr std::string_view kNoSecretboxKey = "no matching key was found for the provided Secretbox transformer";
  constexpr std::pair<std::string_view, std::string_view> kCiphers[] = {
      {"k8s:enc:aescbc:v1:", kNoAesKey}, {"k8s:enc:aesgcm:v1:", kNoAesKey}, {"k8s:enc:secretbox:v1:", kNoSecretboxKey}};
  for (auto [cipher, complaint] : kCiphers) {
    if (!kept.starts_with(cipher)) continue;
    for (const auto& source : ways.sources) {
      if (source != nullptr && source->prefix().starts_with(cipher)) return complaint;
    }
  }
  return "no matching prefix found";
}

base::Result<std::string> read(const std::string& path) {
  auto text = base::read_file(path);
  if (text) return text;
  return base::fail(text.error().with_context(
      base::cat({"error opening encryption provider configuration file ", base::quote(path)})));
}

}  // namespace

std::optional<GroupResource> resource_of_key(std::string_view key) {
  constexpr std::string_view kRoot = "/registry/";
  if (!key.starts_with(kRoot)) return std::nullopt;
  auto first = key.find('/', kRoot.size());
  if (first == std::string_view::npos) return std::nullopt;
  const auto& known = built_in();
  if (auto found = known.find(key.substr(0, first + 1)); found != known.end()) return found->second;
  auto second = key.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  if (auto found = known.find(key.substr(0, second + 1)); found != known.end()) return found->second;
  // Custom kinds: "/registry/GROUP/PLURAL/...". Groups have a dot.
  std::string_view group = key.substr(kRoot.size(), first - kRoot.size());
  if (group.find('.') == std::string_view::npos) return std::nullopt;
  return GroupResource{std::string(group), std::string(key.substr(first + 1, second - first - 1))};
}

io::Task<base::Result<std::shared_ptr<Encryption>>> Encryption::open_file(std::string path, Reload reload,
                                                                          base::Clock& clock, base::Metrics& metrics) {
  std::shared_ptr<Encryption> encryption(new Encryption(std::move(path), reload, clock, metrics));
  CO_TRY(co_await encryption->load());
  co_return encryption;
}

io::Task<base::Result<void>> Encryption::load() {
  CO_TRY(auto text, read(path_));
  auto context = [this](const base::Error& error) {
    return base::fail(base::Code::BadRequest, base::cat({"error while parsing encryption provider configuration file ",
                                                         base::quote(path_), ": ", error.message()}));
  };
  auto configuration = read_configuration(text);
  if (!configuration) co_return context(configuration.error());
  auto errors = check_configuration(*configuration);
  if (!errors.empty()) {
    co_return context(base::Error(base::Code::Invalid, base::cat({"invalid configuration: ", to_string(errors)})));
  }
  auto made = make_rules(*configuration, clock_, metrics_);
  if (!made) co_return context(made.error());
  for (const auto& service : (*made)->services) {
    co_await service->look();
    // A server that starts waits for its key services; one that runs does not change to some that are not well.
    if (auto trouble = service->trouble(); trouble && !text_.empty()) co_return base::fail(*trouble);
  }
  // The services of the rules before go with those who still read with them.
  services_.cancel();
  for (const auto& service : (*made)->services) services_.spawn(service->keep_looking());
  text_ = std::move(text);
  base::Lock lock(mutex_);
  rules_ = std::move(*made);
  co_return base::Result<void>{};
}

io::Task<void> Encryption::run() {
  if (reload_ == Reload::WhenChanged) co_await follow_file();
}

io::Task<void> Encryption::follow_file() {
  for (;;) {
    co_await io::sleep(kFilePause);
    auto text = read(path_);
    if (text && *text == text_) continue;
    auto loaded = text ? co_await load() : base::Result<void>(base::fail(text.error()));
    metrics_.count_reload(loaded.has_value(), static_cast<double>(clock_.wall_ns()) / 1e9);
    if (loaded) {
      LOG_INFO("Loaded the encryption configuration anew", {"path", path_});
    } else {
      LOG_ERROR("The encryption configuration stays as it was", {"err", loaded.error().message()});
    }
  }
}

std::shared_ptr<const Rules> Encryption::rules() const {
  base::Lock lock(mutex_);
  return rules_;
}

std::vector<HealthCheck> Encryption::health() const {
  std::vector<HealthCheck> checks;
  auto rules = this->rules();
  for (size_t i = 0; i < rules->services.size(); ++i) {
    checks.push_back({base::cat({"kms-provider-", std::to_string(i)}), rules->services[i]->trouble()});
  }
  if (reload_ == Reload::Never) return checks;
  HealthCheck all{.name = "kms-providers"};
  for (auto& check : checks) {
    if (check.trouble && !all.trouble) all.trouble = std::move(check.trouble);
  }
  return {std::move(all)};
}

bool Encryption::is_plain(std::string_view key, std::string_view kept) const {
  if (kept.starts_with(store::kSealedPrefix)) return false;
  auto resource = resource_of_key(key);
  if (!resource) return true;
  auto rules = this->rules();
  const Ways* ways = rules->find(*resource);
  return ways == nullptr || ways->reads_plain();
}

base::Result<store::Sealer::Form> Encryption::seal(std::string_view key, const base::Bytes& value) const {
  auto resource = resource_of_key(key);
  auto rules = this->rules();
  const Ways* ways = resource ? rules->find(*resource) : nullptr;
  if (ways == nullptr || ways->sources.front() == nullptr) return Form{value, nullptr};
  const KeySource& source = *ways->sources.front();
  auto sealed = source.seal(key, value.view());
  metrics_.count_transformation("to_storage", source.prefix(), sealed.has_value());
  if (!sealed) return base::fail(sealed.error());
  return Form{base::Bytes(base::cat({source.prefix(), sealed->text})), seal_of(source, sealed->key)};
}

io::Task<base::Result<store::Sealer::Form>> Encryption::open(std::string key, base::Bytes kept) const {
  auto resource = resource_of_key(key);
  auto rules = this->rules();
  const Ways* ways = resource ? rules->find(*resource) : nullptr;
  if (ways == nullptr) co_return co_await store::no_sealer()->open(std::move(key), std::move(kept));
  std::vector<std::string> complaints;
  for (const auto& source : ways->sources) {
    if (source == nullptr || !kept.view().starts_with(source->prefix())) continue;
    auto opened = co_await source->open(key, kept.slice(source->prefix().size()));
    metrics_.count_transformation("from_storage", source->prefix(), opened.has_value());
    if (opened) co_return Form{base::Bytes(std::move(opened->value)), seal_of(*source, opened->key)};
    complaints.push_back(opened.error().message());
  }
  if (complaints.empty()) complaints.emplace_back(complaint_about(*ways, kept.view()));
  std::string all = complaints.size() == 1 ? complaints[0] : base::cat({"[", base::join(complaints, ", "), "]"});
  co_return base::fail(base::Code::Internal, std::move(all));
}

bool Encryption::is_current(std::string_view key, const store::SealRef& seal) const {
  auto resource = resource_of_key(key);
  auto rules = this->rules();
  const Ways* ways = resource ? rules->find(*resource) : nullptr;
  if (ways == nullptr || ways->sources.front() == nullptr) return seal == nullptr;
  const KeySource& source = *ways->sources.front();
  std::string current = source.current_key();
  if (current.empty()) return true;  // nothing can be sealed now, so nothing need be
  return seal != nullptr && seal->with == base::cat({source.prefix(), current});
}

}  // namespace apiserver::encryption
