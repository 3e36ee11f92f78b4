#include "apiserver/authn/issuer_keys.h"

#include "apiserver/pipeline/digest.h"
#include "base/log.h"
#include "base/strings.h"
#include "schema/value.h"

namespace apiserver {
namespace {

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr int64_t kPauseNs = 200'000'000;  // between fetches: tokens with made-up key ids cost the issuer nothing more
constexpr size_t kKeysMax = 256;

std::vector<IssuerKeys::Key> read_keys(const schema::Value& document) {
  std::vector<IssuerKeys::Key> keys;
  const auto* list = document.find("keys");
  if (list == nullptr || !list->is_array()) return keys;
  for (const auto& one : list->as_array()) {
    auto use = one.text_at({"use"});
    if (keys.size() >= kKeysMax || (!use.empty() && use != "sig")) continue;
    // Kinds of keys that we do not know belong to tokens that we do not take.
    if (auto key = pki::Key::from_jwk(one.to_json())) keys.push_back({std::string(one.text_at({"kid"})), *key});
  }
  return keys;
}

}  // namespace

// Whoever fetches, while he does. Ends the turn when he is cancelled, so that another can take it.
struct IssuerKeys::Turn {
  explicit Turn(IssuerKeys& of) : of(of) {}
  ~Turn() {
    if (!ended) of.settle(base::fail(base::Code::Cancelled, "the request that was fetching the keys has ended"));
  }
  Turn(const Turn&) = delete;
  void end(base::Result<Keys> fetched) {
    ended = true;
    of.settle(std::move(fetched));
  }
  IssuerKeys& of;
  bool ended = false;
};

IssuerKeys::IssuerKeys(Options options, const base::Clock& clock, AuthenticationMetrics& metrics)
    : options_(std::move(options)), clock_(clock), metrics_(metrics) {}

io::Task<base::Result<IssuerKeys::Keys>> IssuerKeys::known() {
  {
    base::Lock lock(mutex_);
    if (keys_ != nullptr) co_return keys_;
  }
  co_return co_await newer_than(nullptr);
}

io::Task<base::Result<IssuerKeys::Keys>> IssuerKeys::newer_than(Keys seen) {
  for (;;) {
    std::shared_ptr<io::Event> done;
    {
      base::Lock lock(mutex_);
      if (keys_ != nullptr && keys_ != seen) co_return keys_;
      if (!fetching_) {
        if (clock_.monotonic_ns() - fetched_ns_ < kPauseNs) {
          if (keys_ != nullptr) co_return keys_;
          co_return base::fail(base::Code::Unavailable, trouble_);
        }
        fetching_ = true;
      } else {
        done = std::make_shared<io::Event>();
        waiting_.push_back({&io::Loop::current(), done});
      }
    }
    if (done == nullptr) {
      Turn turn(*this);
      auto fetched = co_await fetch();
      turn.end(fetched);
      co_return fetched;
    }
    co_await done->wait();
  }
}

void IssuerKeys::settle(base::Result<Keys> fetched) {
  std::vector<Waiting> waiting;
  {
    base::Lock lock(mutex_);
    fetching_ = false;
    bool cancelled = !fetched && fetched.error().code() == base::Code::Cancelled;
    if (!cancelled) fetched_ns_ = clock_.monotonic_ns();
    if (fetched) keys_ = *fetched;
    trouble_ = fetched ? "" : fetched.error().message();
    waiting.swap(waiting_);
  }
  for (auto& one : waiting) one.loop->post([done = one.done] { done->set(); });
}

io::Task<base::Result<std::string>> IssuerKeys::document(std::string url) const {
  auto path = url.find('/', url.find("://") + 3);
  Destination from;
  from.url = url.substr(0, path);
  from.target = path == std::string::npos ? "/" : url.substr(path);
  from.authority = options_.authority;
  CO_TRY(auto reply, co_await get(std::move(from), kTimeout));
  if (reply.status != 200)
    co_return base::fail(base::Code::Unavailable,
                         base::cat({"Get ", base::quote(url), ": status ", std::to_string(reply.status)}));
  co_return std::move(reply.body);
}

io::Task<base::Result<IssuerKeys::Keys>> IssuerKeys::fetch() {
  auto tell = [this](std::string_view result) {
    metrics_.key_fetch_seconds.with({options_.server_hash, options_.issuer_hash, result})
        .set(static_cast<double>(clock_.wall_ns()) / 1e9);
  };
  std::string keys_url;
  {
    base::Lock lock(mutex_);
    keys_url = keys_url_;
  }
  auto failed = [&](std::string_view why) {
    tell("failure");
    LOG_WARNING("Keys of an issuer cannot be fetched", {"issuer", options_.issuer}, {"err", why});
    return base::fail(base::Code::Unavailable, std::string(why));
  };
  if (keys_url.empty()) {
    auto text = co_await document(options_.discovery_url);
    if (!text) co_return failed(text.error().message());
    auto found = schema::Value::parse(*text);
    if (!found) co_return failed(base::cat({"failed to decode provider discovery object: ", found.error().message()}));
    auto issuer = found->text_at({"issuer"});
    if (issuer != options_.issuer) {
      co_return failed(base::cat({"issuer did not match the issuer returned by provider, expected ",
                                  base::quote(options_.issuer), " got ", base::quote(issuer)}));
    }
    keys_url = found->text_at({"jwks_uri"});
    if (!keys_url.starts_with("https://")) co_return failed("the provider's jwks_uri is no https URL");
  }
  auto text = co_await document(keys_url);
  if (!text) co_return failed(text.error().message());
  auto set = schema::Value::parse(*text);
  if (!set) co_return failed(base::cat({"failed to decode keys: ", set.error().message()}));
  auto keys = std::make_shared<const std::vector<Key>>(read_keys(*set));
  tell("success");
  base::Lock lock(mutex_);
  keys_url_ = keys_url;
  auto& sets = metrics_.key_sets;
  if (!keys_hash_.empty()) sets.with({options_.server_hash, keys_hash_, options_.issuer_hash}).set(0);
  keys_hash_ = sha256_label(*text);
  sets.with({options_.server_hash, keys_hash_, options_.issuer_hash}).set(1);
  co_return keys;
}

}  // namespace apiserver
