// Events are let in at a rate: of all, of a namespace, of a user, or of one source about one object.

#include <list>
#include <map>

#include "api/core_v1.h"
#include "apiserver/admission/optional/optional.h"
#include "apiserver/pipeline/errors.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr size_t kKeysMax = 4096;  // when the document does not say
constexpr double kNsPerSecond = 1e9;

// Fills at a steady rate up to its size; whoever comes takes one.
struct Bucket {
  double tokens;
  int64_t filled_ns;
};

class Limit {
 public:
  enum class Type : uint8_t { Server, Namespace, User, SourceAndObject };
  struct Options {
    Type type;
    std::string name;
    double per_second;
    double burst;
    size_t keys_max;
  };
  explicit Limit(Options options) : options_(std::move(options)) {}

  // The refusal, or nothing.
  std::string take(const Attempt& attempt, int64_t now_ns) {
    std::string key = key_of(attempt);
    base::Lock lock(mutex_);
    Bucket& bucket = bucket_of(key, now_ns);
    double waited = static_cast<double>(std::max<int64_t>(now_ns - bucket.filled_ns, 0)) / kNsPerSecond;
    bucket.tokens = std::min(options_.burst, bucket.tokens + waited * options_.per_second);
    bucket.filled_ns = now_ns;
    if (bucket.tokens < 1) return base::cat({"limit reached on type ", options_.name, " for key ", key});
    bucket.tokens -= 1;
    return "";
  }

 private:
  struct Used {
    std::string key;
    Bucket bucket;
  };

  std::string key_of(const Attempt& attempt) const {
    switch (options_.type) {
      case Type::Server:
        return "";
      case Type::Namespace:
        return std::string(attempt.namespace_);
      case Type::User:
        return attempt.user.name;
      case Type::SourceAndObject:
        break;
    }
    const auto& event = attempt.object->as<core::Event>();
    const auto& object = event.involved_object;
    return base::cat({event.source.component, event.source.host, object.kind, object.namespace_, object.name,
                      object.uid, object.api_version});
  }

  // The one used longest ago goes when there are too many.
  Bucket& bucket_of(const std::string& key, int64_t now_ns) REQUIRES(mutex_) {
    auto known = places_.find(key);
    if (known != places_.end()) {
      used_.splice(used_.begin(), used_, known->second);
      return used_.front().bucket;
    }
    if (used_.size() >= options_.keys_max) {
      places_.erase(used_.back().key);
      used_.pop_back();
    }
    used_.push_front({key, {options_.burst, now_ns}});
    places_[key] = used_.begin();
    return used_.front().bucket;
  }

  const Options options_;
  base::Mutex mutex_;
  std::list<Used> used_ GUARDED_BY(mutex_);  // the last used first
  std::map<std::string, std::list<Used>::iterator> places_ GUARDED_BY(mutex_);
};

class EventRateLimit final : public AdmissionPlugin {
 public:
  explicit EventRateLimit(std::vector<std::unique_ptr<Limit>> limits) : limits_(std::move(limits)) {}
  std::string_view name() const override { return "EventRateLimit"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.is("events") && !attempt.dry_run && attempt.object != nullptr &&
           attempt.object->get_if<core::Event>() != nullptr &&
           (attempt.operation == Operation::Create || attempt.operation == Operation::Update);
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    std::vector<std::string> refusals;
    for (const auto& limit : limits_) {
      auto refusal = limit->take(attempt, attempt.now.to_ns());
      if (!refusal.empty()) refusals.push_back(std::move(refusal));
    }
    if (refusals.empty()) co_return {};
    std::string all = refusals.size() == 1 ? refusals[0] : base::cat({"[", base::join(refusals, ", "), "]"});
    co_return base::fail(too_many_requests(std::move(all), 0));
  }

 private:
  const std::vector<std::unique_ptr<Limit>> limits_;
};

base::Result<Limit::Type> parse_type(std::string_view name) {
  constexpr std::string_view kNames[] = {"Server", "Namespace", "User", "SourceAndObject"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Limit::Type>(i);
  }
  return base::fail(base::Code::BadRequest,
                    base::cat({"limits.type: Unsupported value: ", base::quote(name),
                               ": supported values: \"Namespace\", \"Server\", \"SourceAndObject\", \"User\""}));
}

base::Result<int64_t> positive(const schema::Value& limit, std::string_view field, std::optional<int64_t> otherwise) {
  const auto* given = limit.at({field});
  if (given == nullptr && otherwise) return *otherwise;
  if (given != nullptr && given->is_int() && given->as_int() > 0) return given->as_int();
  return base::fail(base::Code::BadRequest,
                    base::cat({"limits.", field, ": Invalid value: ", given == nullptr ? "0" : given->to_json(),
                               ": must be positive"}));
}

base::Result<std::unique_ptr<Limit>> read_limit(const schema::Value& limit) {
  const auto* type = limit.at({"type"});
  std::string name = type != nullptr && type->is_string() ? type->as_string() : "";
  TRY(auto parsed, parse_type(name));
  TRY(auto rate, positive(limit, "qps", std::nullopt));
  TRY(auto burst, positive(limit, "burst", std::nullopt));
  TRY(auto keys, positive(limit, "cacheSize", int64_t{kKeysMax}));
  return std::make_unique<Limit>(Limit::Options{parsed, std::move(name), static_cast<double>(rate),
                                                static_cast<double>(burst), static_cast<size_t>(keys)});
}

}  // namespace

base::Result<std::unique_ptr<AdmissionPlugin>> make_event_rate_limit(std::string_view document) {
  std::vector<std::unique_ptr<Limit>> limits;
  if (!document.empty()) {
    TRY(auto read, schema::Value::parse(document));
    const auto* list = read.at({"limits"});
    if (list == nullptr || !list->is_array() || list->as_array().empty()) {
      return base::fail(base::Code::BadRequest, "limits: Invalid value: \"limits\": must not be empty");
    }
    for (const auto& one : list->as_array()) {
      TRY(auto limit, read_limit(one));
      limits.push_back(std::move(limit));
    }
  }
  return std::make_unique<EventRateLimit>(std::move(limits));
}

}  // namespace apiserver
