// A server outside says which images may run. Kubernetes documentation, "Admission Control in Kubernetes",
// "ImagePolicyWebhook".

#include <algorithm>
#include <map>

#include "api/core_v1.h"
#include "apiserver/admission/optional/optional.h"
#include "apiserver/outbound/kubeconfig.h"
#include "base/file.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::Value;

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr size_t kAnswersMax = 1024;
constexpr int64_t kNsPerSecond = 1'000'000'000;

// How many seconds, bounded as upstream has it: absent is the default, -1 disables.
struct Seconds {
  int64_t otherwise;
  int64_t min;
  int64_t max;
};

struct Options {
  Destination server;
  int64_t allowed_holds_ns = 0;
  int64_t denied_holds_ns = 0;
  io::Duration retry_backoff{};
  bool allow_by_default = false;
};

struct Verdict {
  bool allowed = false;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> audit;
};

std::vector<std::string> images_of(const core::PodSpec& spec) {
  std::vector<std::string> images;
  for (const auto& one : spec.init_containers) images.push_back(one.image);
  for (const auto& one : spec.containers) images.push_back(one.image);
  for (const auto& one : spec.ephemeral_containers) images.push_back(one.image);
  return images;
}

std::string review_of(const core::Pod& pod, std::string_view namespace_) {
  Value::Array containers;
  for (const auto& image : images_of(pod.spec)) containers.push_back(Value::object({{"image", image}}));
  Value spec = Value::object({{"containers", Value(std::move(containers))}});
  Value::Object annotations;
  for (const auto& [key, value] : pod.metadata.annotations) {
    if (key.find(".image-policy.k8s.io/") != std::string::npos) annotations.set(key, value);
  }
  if (!annotations.empty()) spec.as_object().set("annotations", Value(std::move(annotations)));
  spec.as_object().set("namespace", namespace_);
  return Value::object({{"kind", "ImageReview"},
                        {"apiVersion", "imagepolicy.k8s.io/v1alpha1"},
                        {"metadata", Value::object({{"creationTimestamp", nullptr}})},
                        {"spec", std::move(spec)},
                        {"status", Value::object({{"allowed", false}})}})
      .to_json();
}

base::Result<Verdict> read_verdict(std::string_view body) {
  TRY(auto review, Value::parse(body));
  const Value* allowed = review.at({"status", "allowed"});
  Verdict verdict;
  verdict.allowed = allowed != nullptr && allowed->is_bool() && allowed->as_bool();
  verdict.reason = review.text_at({"status", "reason"});
  const Value* audit = review.at({"status", "auditAnnotations"});
  if (audit != nullptr && audit->is_object()) {
    for (const auto& [key, value] : audit->as_object()) {
      if (value.is_string()) verdict.audit.emplace_back(key, value.as_string());
    }
  }
  return verdict;
}

class ImagePolicyWebhook final : public AdmissionPlugin {
 public:
  explicit ImagePolicyWebhook(Options options) : options_(std::move(options)) {}
  std::string_view name() const override { return "ImagePolicyWebhook"; }
  bool handles(const Attempt& attempt) const override {
    if (!attempt.is("pods") || attempt.object == nullptr || attempt.object->get_if<core::Pod>() == nullptr)
      return false;
    if (attempt.operation == Operation::Create) return attempt.subresource.empty();
    if (attempt.operation != Operation::Update) return false;
    if (!attempt.subresource.empty() && attempt.subresource != "ephemeralcontainers") return false;
    const auto* before = attempt.current == nullptr ? nullptr : attempt.current->get_if<core::Pod>();
    return before == nullptr || images_of(attempt.object->as<core::Pod>().spec) != images_of(before->spec);
  }

  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    std::string review = review_of(attempt.object->as<core::Pod>(), attempt.namespace_);
    auto verdict = known(review, attempt.now.to_ns());
    if (!verdict) {
      auto asked = co_await ask(review);
      if (!asked) {
        if (!options_.allow_by_default) co_return attempt.refuse(asked.error().message());
        attempt.audit("imagepolicywebhook.image-policy.k8s.io/failed-open", "true");
        co_return {};
      }
      verdict = std::move(*asked);
      remember(std::move(review), *verdict, attempt.now.to_ns());
    }
    for (const auto& [key, value] : verdict->audit) {
      attempt.audit(base::cat({"imagepolicywebhook.image-policy.k8s.io/", key}), value);
    }
    if (verdict->allowed) co_return {};
    co_return attempt.refuse(
        verdict->reason.empty()
            ? "one or more images rejected by webhook backend"
            : base::cat({"image policy webhook backend denied one or more images: ", verdict->reason}));
  }

 private:
  struct Answer {
    Verdict verdict;
    int64_t until_ns;
  };

  io::Task<base::Result<Verdict>> ask(const std::string& review) const {
    auto reply = co_await post(options_.server, review, kTimeout);
    if (!reply || reply->status >= 500) {
      co_await io::sleep(options_.retry_backoff);
      reply = co_await post(options_.server, review, kTimeout);
    }
    if (!reply) co_return base::fail(reply.error());
    if (reply->status < 200 || reply->status >= 300) {
      co_return base::fail(base::Code::Unavailable,
                           base::cat({"error contacting webhook: ", std::to_string(reply->status)}));
    }
    co_return read_verdict(reply->body);
  }

  std::optional<Verdict> known(const std::string& review, int64_t now_ns) const {
    base::Lock lock(mutex_);
    auto found = answers_.find(review);
    if (found == answers_.end() || now_ns >= found->second.until_ns) return std::nullopt;
    return found->second.verdict;
  }

  void remember(std::string review, const Verdict& verdict, int64_t now_ns) const {
    base::Lock lock(mutex_);
    if (answers_.size() >= kAnswersMax) answers_.clear();
    int64_t holds = verdict.allowed ? options_.allowed_holds_ns : options_.denied_holds_ns;
    answers_.insert_or_assign(std::move(review), Answer{verdict, now_ns + holds});
  }

  const Options options_;
  mutable base::Mutex mutex_;
  mutable std::map<std::string, Answer> answers_ GUARDED_BY(mutex_);  // by the question
};

base::Result<int64_t> read_seconds(const Value& policy, std::string_view field, Seconds bounds) {
  const Value* given = policy.find(field);
  if (given == nullptr) return bounds.otherwise;
  int64_t seconds = given->is_int() ? given->as_int() : INT64_MIN;
  if (seconds == -1) return 0;
  if (seconds == 0) return bounds.otherwise;
  if (seconds >= bounds.min && seconds <= bounds.max) return seconds;
  return base::fail(base::Code::BadRequest, base::cat({"valid value is between ", std::to_string(bounds.min), "s and ",
                                                       std::to_string(bounds.max), "s, got ", given->to_json()}));
}

base::Result<Options> read_options(std::string_view document) {
  TRY(auto read, Value::parse(document));
  const Value* policy = read.find("imagePolicy");
  if (policy == nullptr) policy = &read;
  Options options;
  TRY(auto kubeconfig, base::read_file(std::string(policy->text_at({"kubeConfigFile"}))));
  TRY(options.server, destination_of_kubeconfig(kubeconfig));
  TRY(auto allowed, read_seconds(*policy, "allowTTL", {300, 1, 1800}));
  TRY(auto denied, read_seconds(*policy, "denyTTL", {30, 1, 1800}));
  options.allowed_holds_ns = allowed * kNsPerSecond;
  options.denied_holds_ns = denied * kNsPerSecond;
  const Value* backoff = policy->find("retryBackoff");  // in milliseconds
  options.retry_backoff = std::chrono::milliseconds(backoff != nullptr && backoff->is_int() ? backoff->as_int() : 500);
  const Value* otherwise = policy->find("defaultAllow");
  options.allow_by_default = otherwise != nullptr && otherwise->is_bool() && otherwise->as_bool();
  return options;
}

}  // namespace

base::Result<std::unique_ptr<AdmissionPlugin>> make_image_policy_webhook(std::string_view document) {
  if (document.empty()) return base::fail(base::Code::BadRequest, "no config specified");
  TRY(auto options, read_options(document));
  return std::make_unique<ImagePolicyWebhook>(std::move(options));
}

}  // namespace apiserver
