#include "apiserver/encryption/kms.h"

#include <utility>

#include "api/kms_v2.h"
#include "apiserver/encryption/cipher.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time.h"
#include "rpc/rpc.h"
#include "store/handed_over.h"
#include "store/sealer.h"

namespace apiserver::encryption {
namespace {

namespace kms = api::kms_v2;
namespace service = api::kms_v2::key_management_service;

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kSeedUsableNs = 180 * kNsPerSecond;  // after the service has confirmed its key
constexpr size_t kSeedBytes = 32;
constexpr size_t kSourcesMax = 10'000;
constexpr int64_t kFailureHoldsNs = 3 * kNsPerSecond;
constexpr io::Duration kPauseWell = std::chrono::minutes(1);
constexpr io::Duration kPauseUnwell = std::chrono::seconds(10);

base::Error internal(std::initializer_list<std::string_view> pieces) {
  return base::Error(base::Code::Internal, base::cat(pieces));
}

std::string shown(std::string_view key_id) {
  return key_id.empty() ? "" : base::cat({"sha256:", base::hex_encode(sha256(key_id))});
}

// Of all that says which source it is; what is kept of it is not secret.
std::string id_of(const EncryptedObject& object) {
  EncryptedObject frame = object;
  frame.data.clear();
  return sha256(frame.to_protobuf());
}

bool can_be(SourceType type, std::string_view source) {
  if (type == SourceType::Seed) return source.size() >= kSeedBytes;
  return source.size() == 16 || source.size() == 24 || source.size() == 32;
}

base::Result<io::Address> parse_endpoint(const std::string& endpoint) {
  TRY(auto address, io::Address::parse(endpoint));
  if (address.unix_path.empty()) {
    return base::fail(base::Code::BadRequest, base::cat({"not a unix socket: ", base::quote(endpoint)}));
  }
  if (address.unix_path.starts_with("/@")) address.unix_path.erase(0, 1);
  return address;
}

}  // namespace

base::Result<std::shared_ptr<KeyService>> KeyService::create(Options options, base::Clock& clock,
                                                             const EncryptionMetrics& metrics) {
  TRY(auto address, parse_endpoint(options.endpoint));
  // Its connection belongs to the loop, so it goes there.
  auto remove = [](KeyService* service) {
    io::Loop& loop = service->loop_;
    if (io::Loop::current_or_null() == &loop) {
      delete service;
    } else {
      loop.post([service] { delete service; });
    }
  };
  return std::shared_ptr<KeyService>(new KeyService(std::move(options), std::move(address), clock, metrics), remove);
}

KeyService::KeyService(Options options, io::Address address, base::Clock& clock, const EncryptionMetrics& metrics)
    : options_(std::move(options)),
      prefix_(base::cat({store::kSealedPrefix, "kms:v2:", options_.name, ":"})),
      clock_(clock),
      metrics_(metrics),
      loop_(io::Loop::current()),
      client_({.address = std::move(address), .connect_timeout = options_.timeout}) {}

template <class Response, class Request>
io::Task<base::Result<Response>> KeyService::call(std::string_view method, Request request) const {
  int64_t began = clock_.monotonic_ns();
  auto response = co_await rpc::call<Response>(client_, method, std::move(request), options_.timeout);
  double seconds = static_cast<double>(clock_.monotonic_ns() - began) / kNsPerSecond;
  metrics_.count_call(options_.name, method, response ? "OK" : base::code_name(response.error().code()), seconds);
  co_return response;
}

io::Task<base::Result<void>> KeyService::confirm() {
  auto status = co_await call<kms::StatusResponse>(service::kStatus, kms::StatusRequest{});
  if (!status) co_return base::fail(status.error());
  std::vector<std::string> complaints;
  if (status->healthz != "ok") complaints.push_back(base::cat({"got unexpected healthz status: ", status->healthz}));
  if (status->version != "v2" && status->version != "v2beta1") {
    complaints.push_back(base::cat({"expected KMSv2 API version v2, got ", status->version}));
  }
  if (auto complaint = key_id_complaint(status->key_id); complaint != "ok") {
    metrics_.count_invalid_key_id(options_.name, complaint);
    complaints.push_back(base::cat({"got invalid KMSv2 KeyID hash ", base::quote(shown(status->key_id)), ": keyID is ",
                                    complaint == "empty" ? "empty" : "too long"}));
  }
  if (!complaints.empty()) {
    std::string all = complaints.size() == 1 ? complaints[0] : base::cat({"[", base::join(complaints, ", "), "]"});
    co_return base::fail(internal({"kmsv2 Provider ", options_.name, " is not healthy, error: ", all}));
  }
  {
    base::Lock lock(mutex_);
    if (current_ && current_->frame.key_id == status->key_id) {
      current_->usable_until_ns = clock_.wall_ns() + kSeedUsableNs;
      co_return base::Result<void>{};
    }
  }
  co_return co_await make_seed(status->key_id);
}

io::Task<base::Result<void>> KeyService::make_seed(std::string key_id) {
  Current next{.seed = random_bytes(kSeedBytes)};
  CO_TRY(auto answer,
         co_await call<kms::EncryptResponse>(
             service::kEncrypt, kms::EncryptRequest{.plaintext = next.seed, .uid = base::system_random().uuid()}));
  next.frame.key_id = answer.key_id;
  next.frame.encrypted_source = answer.ciphertext;
  next.frame.annotations = answer.annotations;
  CO_TRY(next.frame.check());
  if (answer.key_id != key_id) {
    co_return base::fail(internal({"failed to rotate DEK, statusKeyIDHash=", base::quote(shown(key_id)),
                                   ", encryptKeyIDHash=", base::quote(shown(answer.key_id))}));
  }
  next.usable_until_ns = clock_.wall_ns() + kSeedUsableNs;
  remember(id_of(next.frame), next.seed);
  LOG_INFO("Made a new seed with the key service", {"provider", options_.name}, {"keyIDHash", shown(key_id)});
  base::Lock lock(mutex_);
  current_ = std::move(next);
  co_return base::Result<void>{};
}

io::Task<void> KeyService::look() {
  auto confirmed = co_await confirm();
  bool was_well = false;
  {
    base::Lock lock(mutex_);
    was_well = !trouble_;
    trouble_ = confirmed ? std::nullopt : std::optional(confirmed.error());
  }
  if (!confirmed && was_well) {
    LOG_ERROR("The key service is not well", {"provider", options_.name}, {"err", confirmed.error().message()});
  }
}

io::Task<void> KeyService::keep_looking() {
  for (;;) {
    co_await io::sleep(trouble() ? kPauseUnwell : kPauseWell);
    co_await look();
  }
}

std::optional<base::Error> KeyService::trouble() const {
  base::Lock lock(mutex_);
  return trouble_;
}

std::string KeyService::current_key() const {
  base::Lock lock(mutex_);
  return current_ ? current_->frame.key_id : "";
}

base::Result<KeySource::Sealed> KeyService::seal(std::string_view path, std::string_view value) const {
  std::string seed;
  EncryptedObject object;
  {
    base::Lock lock(mutex_);
    if (!current_) {
      return base::fail(internal({"no seed of the KMS provider ", options_.name,
                                  " yet: ", trouble_ ? trouble_->message() : "it has not answered"}));
    }
    if (int64_t now = clock_.wall_ns(); now > current_->usable_until_ns) {
      return base::fail(internal({"encryptedDEKSource with keyID hash ", base::quote(shown(current_->frame.key_id)),
                                  " expired at ", base::format_rfc3339(base::Time::from_ns(current_->usable_until_ns)),
                                  " (current time is ", base::format_rfc3339(base::Time::from_ns(now)), ")"}));
    }
    seed = current_->seed;
    object = current_->frame;
  }
  metrics_.count_key_id("to_storage", options_.name, object.key_id);
  object.data = derived_gcm_seal(seed, value, path);
  return Sealed{object.to_protobuf(), std::move(object.key_id)};
}

void KeyService::remember(std::string id, std::string source) const {
  base::Lock lock(mutex_);
  if (sources_.size() >= kSourcesMax) sources_.clear();
  failures_.erase(id);
  sources_.insert_or_assign(std::move(id), std::move(source));
}

io::Task<base::Result<std::string>> KeyService::decrypt(std::string id, EncryptedObject object) const {
  kms::DecryptRequest request{.ciphertext = std::move(object.encrypted_source),
                              .uid = base::system_random().uuid(),
                              .key_id = std::move(object.key_id),
                              .annotations = std::move(object.annotations)};
  auto answer = co_await call<kms::DecryptResponse>(service::kDecrypt, std::move(request));
  if (answer) {
    remember(std::move(id), answer->plaintext);
    co_return std::move(answer->plaintext);
  }
  base::Error error = internal({"failed to decrypt DEK, error: ", answer.error().message()});
  base::Lock lock(mutex_);
  // So that a thousand values with one seed do not wait a thousand times for a service that hangs.
  if (failures_.size() >= kSourcesMax) failures_.clear();
  failures_.insert_or_assign(std::move(id), Failure{error, clock_.monotonic_ns() + kFailureHoldsNs});
  co_return base::fail(std::move(error));
}

io::Task<base::Result<std::string>> KeyService::source_of(std::string id, EncryptedObject object) const {
  {
    base::Lock lock(mutex_);
    if (auto known = sources_.find(id); known != sources_.end()) co_return known->second;
    auto failed = failures_.find(id);
    if (failed != failures_.end() && clock_.monotonic_ns() < failed->second.until_ns) {
      co_return base::fail(failed->second.error);
    }
  }
  auto call = std::make_shared<store::HandedOver<std::string>>(decrypt(std::move(id), std::move(object)));
  loop_.post([self = shared_from_this(), call] { self->calls_.spawn(store::HandedOver<std::string>::run(call)); });
  auto result = co_await store::HandedOver<std::string>::result(call);
  if (!result) co_return base::fail(base::Code::Closed, "the key service is no longer in use");
  co_return std::move(*result);
}

io::Task<base::Result<KeySource::Opened>> KeyService::open(std::string path, base::Bytes text) const {
  CO_TRY(auto object, EncryptedObject::from_protobuf(text.view()));
  CO_TRY(std::string source, co_await source_of(id_of(object), object));
  metrics_.count_key_id("from_storage", options_.name, object.key_id);
  if (!can_be(object.source_type, source)) {
    co_return base::fail(internal({"invalid seed length ", std::to_string(source.size()), " used for key generation"}));
  }
  auto value = object.source_type == SourceType::Seed ? derived_gcm_open(source, object.data, path)
                                                      : gcm_open(source, object.data, path);
  if (!value) co_return base::fail(value.error());
  co_return Opened{std::move(*value), std::move(object.key_id)};
}

}  // namespace apiserver::encryption
