#include "kubelet/pods/pull_records.h"

#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/loop.h"
#include "schema/json.h"

namespace kubelet {
namespace {

namespace config = api::kubelet_config_k8s_io_v1beta1;

std::string file_name(std::string_view of) {
  char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(of.data()), of.size(), reinterpret_cast<unsigned char*>(digest));
  return "sha256-" + base::hex_encode({digest, sizeof digest});
}

template <class T>
std::vector<T> read_all(const std::string& directory) {
  std::vector<T> found;
  auto names = base::list_directory(directory);
  if (!names) return found;
  for (const auto& name : *names) {
    auto text = base::read_file(directory + "/" + name);
    auto one = text ? schema::from_json<T>(*text) : base::Result<T>(base::fail(text.error()));
    if (one) {
      found.push_back(std::move(*one));
    } else {
      LOG_WARNING("A record of a pulled image cannot be read", {"file", name}, {"err", one.error().message()});
    }
  }
  return found;
}

// What a record says a credential is; the same source with another password is told by its hash.
config::ImagePullSecret secret_of(const RegistryCredential& credential) {
  config::ImagePullSecret secret;
  secret.uid = credential.source.uid;
  secret.namespace_ = credential.source.namespace_;
  secret.name = credential.source.name;
  secret.credential_hash = credential.hash();
  return secret;
}
config::ImagePullServiceAccount account_of(const RegistryCredential& credential) {
  config::ImagePullServiceAccount account;
  account.uid = credential.source.uid;
  account.namespace_ = credential.source.namespace_;
  account.name = credential.source.name;
  return account;
}
bool is_same(const config::ImagePullSecret& a, const config::ImagePullSecret& b) {
  return a.uid == b.uid && a.namespace_ == b.namespace_ && a.name == b.name;
}

enum class Match : uint8_t { None, Learned, Known };

// Learned: another password of a secret that opened it, or the same password from another secret.
Match match(config::ImagePullCredentials& known, const RegistryCredential& shown) {
  if (known.node_pods_accessible) return Match::Known;
  if (shown.source.kind == CredentialSource::Kind::ServiceAccount) {
    auto account = account_of(shown);
    return std::ranges::find(known.kubernetes_service_accounts, account) == known.kubernetes_service_accounts.end()
               ? Match::None
               : Match::Known;
  }
  if (shown.source.kind != CredentialSource::Kind::Secret) return Match::None;
  auto secret = secret_of(shown);
  for (auto& one : known.kubernetes_secrets) {
    if (one == secret) return Match::Known;
    if (is_same(one, secret)) {
      one = secret;
      return Match::Learned;
    }
  }
  bool same_password = std::ranges::any_of(
      known.kubernetes_secrets, [&](const auto& one) { return one.credential_hash == secret.credential_hash; });
  if (!same_password) return Match::None;
  known.kubernetes_secrets.push_back(std::move(secret));
  return Match::Learned;
}

// Null: it opened without one.
void add(config::ImagePullCredentials& known, const RegistryCredential* used) {
  if (used == nullptr || used->source.kind == CredentialSource::Kind::Node) {
    known = {};
    known.node_pods_accessible = true;
    return;
  }
  if (match(known, *used) != Match::None) return;
  if (used->source.kind == CredentialSource::Kind::Secret) {
    known.kubernetes_secrets.push_back(secret_of(*used));
  } else {
    known.kubernetes_service_accounts.push_back(account_of(*used));
  }
}

}  // namespace

PullRecords::PullRecords(const ImageOptions& options, io::Pool& pool)
    : verification_(options.verification),
      allowlist_(options.allowlist),
      pulling_(options.root_directory + "/image_manager/pulling"),
      pulled_(options.root_directory + "/image_manager/pulled"),
      pool_(pool) {}

io::Task<base::Result<void>> PullRecords::load(ImageRefOf ref_of, std::vector<std::string> present) {
  if (loaded_) co_return {};
  struct Found {
    std::vector<config::ImagePullIntent> intents;
    std::vector<Record> records;
  };
  auto read = [pulling = pulling_, pulled = pulled_]() -> base::Result<Found> {
    TRY(base::make_directories(pulling, 0700));
    TRY(base::make_directories(pulled, 0700));
    return Found{read_all<config::ImagePullIntent>(pulling), read_all<Record>(pulled)};
  };
  CO_TRY(auto found, co_await pool_.run(read));
  std::set<std::string> refs(present.begin(), present.end());
  for (auto& record : found.records) {
    std::string ref = record.image_ref;
    if (refs.contains(ref)) {
      records_.emplace(std::move(ref), std::move(record));
    } else {
      co_await pool_.run([path = pulled_ + "/" + file_name(ref)] { return unlink(path.c_str()); });
    }
  }
  loaded_ = true;
  for (const auto& intent : found.intents) {
    auto ref = co_await ref_of(intent.image);
    if (!ref.empty() && !records_.contains(ref)) {
      Record record;
      record.image_ref = ref;
      CO_TRY(co_await write(std::move(record)));
    }
    co_await end_intent(intent.image);
  }
  co_return {};
}

bool PullRecords::is_allowlisted(const std::string& image) const {
  auto repository = image_repository(image);
  if (!repository) return false;
  return std::ranges::any_of(allowlist_, [&](std::string_view pattern) {
    if (!pattern.ends_with("/*")) return *repository == pattern;
    return repository->starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

bool PullRecords::asks_for_credential(const std::string& image, const std::string& ref) const {
  switch (verification_) {
    case ImageVerification::Never:
      return false;
    case ImageVerification::NeverPreloaded:
      if (!records_.contains(ref) && !intents_.contains(image)) return false;
      break;
    case ImageVerification::NeverAllowlisted:
      if (is_allowlisted(image)) return false;
      break;
    case ImageVerification::Always:
      break;
  }
  auto record = records_.find(ref);
  auto repository = image_repository(image);
  if (record == records_.end() || !repository) return true;
  auto known = record->second.credential_mapping.find(*repository);
  return known == record->second.credential_mapping.end() || !known->second.node_pods_accessible;
}

io::Task<bool> PullRecords::is_known(std::string image, std::string ref, std::vector<RegistryCredential> shown) {
  auto record = records_.find(ref);
  auto repository = image_repository(image);
  if (record == records_.end() || !repository) co_return false;
  auto known = record->second.credential_mapping.find(*repository);
  if (known == record->second.credential_mapping.end()) co_return false;
  for (const auto& one : shown) {
    auto matched = match(known->second, one);
    if (matched == Match::None) continue;
    if (matched == Match::Learned) {
      if (auto written = co_await write(record->second); !written)
        LOG_WARNING("Cannot record who may use an image", {"image", image}, {"err", written.error().message()});
    }
    co_return true;
  }
  co_return false;
}

io::Task<base::Result<void>> PullRecords::intend(std::string image) {
  if (intents_[image]++ > 0) co_return {};
  config::ImagePullIntent intent;
  intent.image = image;
  auto written = co_await pool_.run([path = pulling_ + "/" + file_name(image), text = schema::to_json(intent)] {
    return base::write_file(path, text, 0600);
  });
  if (!written) intents_.erase(image);
  co_return written;
}

io::Task<void> PullRecords::failed(std::string image) {
  return end_intent(std::move(image));
}

io::Task<void> PullRecords::pulled(std::string image, std::string ref, const RegistryCredential* used) {
  Record record;
  if (auto known = records_.find(ref); known != records_.end()) record = known->second;
  record.image_ref = ref;
  if (auto repository = image_repository(image)) add(record.credential_mapping[*repository], used);
  // The intent stays until the record is there: meanwhile nobody takes the image for one that was always here.
  if (auto written = co_await write(std::move(record)); !written) {
    LOG_WARNING("Cannot record who may use an image", {"image", image}, {"err", written.error().message()});
    co_return;
  }
  co_await end_intent(std::move(image));
}

io::Task<base::Result<void>> PullRecords::write(Record record) {
  record.last_updated_time = base::Time::from_ns(io::Loop::current().clock().wall_ns()).truncated_to_seconds();
  std::string path = pulled_ + "/" + file_name(record.image_ref);
  std::string text = schema::to_json(record);
  records_[record.image_ref] = std::move(record);
  co_return co_await pool_.run([path, text] { return base::write_file(path, text, 0600); });
}

io::Task<void> PullRecords::end_intent(std::string image) {
  auto found = intents_.find(image);
  if (found != intents_.end() && --found->second > 0) co_return;
  if (found != intents_.end()) intents_.erase(found);
  co_await pool_.run([path = pulling_ + "/" + file_name(image)] { return unlink(path.c_str()); });
}

}  // namespace kubelet
