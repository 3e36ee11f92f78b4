#include "apiserver/authz/webhook_authorizer.h"

#include "apiserver/authz/access_review.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace authorization = api::authorization_k8s_io_v1;

constexpr size_t kKnownMax = 8192;
constexpr size_t kRememberedBytesMax = 10'000;  // of a request's attributes: longer ones are made up by somebody
constexpr int kTriesMax = 5;
constexpr auto kFirstRetryAfter = std::chrono::milliseconds(500);  // grows by half

bool worth_remembering(const AuthorizationAttributes& of) {
  size_t bytes = of.namespace_.size() + of.verb.size() + of.api_group.size() + of.api_version.size() +
                 of.resource.size() + of.subresource.size() + of.name.size() + of.path.size() +
                 of.field_selector.size() + of.label_selector.size();
  return bytes < kRememberedBytesMax;
}

Authorization answer_of(authorization::SubjectAccessReviewStatus status) {
  if (status.denied && status.allowed) {
    return {Decision::Deny, std::move(status.reason),
            "webhook subject access review returned both allow and deny response"};
  }
  auto decision = status.denied ? Decision::Deny : status.allowed ? Decision::Allow : Decision::NoOpinion;
  return {decision, std::move(status.reason), {}};
}

bool is_worth_another_try(const base::Error& error) {
  return error.code() == base::Code::Closed || error.code() == base::Code::TooManyRequests ||
         error.code() == base::Code::Internal;
}

}  // namespace

struct WebhookAuthorizer::Question {
  explicit Question(const AuthorizationAttributes& attributes)
      : spec(review_of(attributes)), json(schema::to_json(spec)), remembered(worth_remembering(attributes)) {}
  authorization::SubjectAccessReviewSpec spec;
  std::string json;
  bool remembered;
};

WebhookAuthorizer::WebhookAuthorizer(Options options, const base::Clock& clock, AuthorizationMetrics& metrics)
    : options_(std::move(options)), clock_(clock), metrics_(metrics) {}

std::optional<Authorization> WebhookAuthorizer::decide(const AuthorizationAttributes& attributes) const {
  return decide(Question(attributes));
}

std::optional<Authorization> WebhookAuthorizer::decide(const Question& question) const {
  if (!options_.conditions.empty()) {
    int64_t began_ns = clock_.monotonic_ns();
    auto concerned = options_.conditions.judge(question.spec);
    metrics_.condition_seconds.with({options_.name, "Webhook"})
        .observe(static_cast<double>(clock_.monotonic_ns() - began_ns) / 1e9);
    if (!concerned) {
      metrics_.condition_errors.with({options_.name, "Webhook"}).add();
      return Authorization{options_.on_error, {}, concerned.error().message()};
    }
    if (!*concerned) {
      metrics_.condition_exclusions.with({options_.name, "Webhook"}).add();
      return Authorization{};
    }
  }
  base::Lock lock(mutex_);
  auto known = known_.find(question.json);
  if (known == known_.end() || clock_.monotonic_ns() >= known->second.until_ns) return std::nullopt;
  return known->second.answer;
}

io::Task<Authorization> WebhookAuthorizer::authorize(AuthorizationAttributes attributes) const {
  Question question(attributes);
  if (auto known = decide(question)) co_return std::move(*known);
  std::string body = base::cat({R"({"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/)",
                                options_.review_version, R"(","metadata":{},"spec":)", question.json, "}"});
  if (options_.review_version == "v1beta1") {
    // The older version's only difference is the name of one field.
    auto review = schema::Value::parse(body).value_or(schema::Value::object());
    if (auto* spec = review.find("spec"); spec != nullptr && spec->find("groups") != nullptr) {
      auto groups = std::move(*spec->find("groups"));
      spec->as_object().erase("groups");
      spec->as_object().set("group", std::move(groups));
    }
    body = review.to_json();
  }
  auto answer = co_await ask(std::move(body));
  if (!answer) co_return Authorization{options_.on_error, {}, answer.error().message()};
  if (question.remembered) remember(std::move(question), *answer);
  co_return std::move(*answer);
}

void WebhookAuthorizer::remember(Question&& question, const Authorization& answer) const {
  int64_t span = answer.allowed() ? options_.allowed_remember_ns : options_.refused_remember_ns;
  if (span <= 0) return;
  base::Lock lock(mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  known_[std::move(question.json)] = {answer, clock_.monotonic_ns() + span};
}

io::Task<base::Result<Authorization>> WebhookAuthorizer::ask(std::string body) const {
  io::Duration pause = kFirstRetryAfter;
  for (int tries = 1;; ++tries) {
    int64_t began_ns = clock_.monotonic_ns();
    auto answer = co_await ask_once(body);
    std::string_view result = answer ? "success" : answer.error().code() == base::Code::Timeout ? "timeout" : "error";
    metrics_.webhook_evaluations.with({options_.name, result}).add();
    metrics_.webhook_seconds.with({options_.name, result})
        .observe(static_cast<double>(clock_.monotonic_ns() - began_ns) / 1e9);
    if (answer) co_return answer;
    if (tries < kTriesMax && is_worth_another_try(answer.error())) {
      co_await io::sleep(pause);
      pause += pause / 2;
      continue;
    }
    if (options_.on_error == Decision::NoOpinion) metrics_.webhook_fails_open.with({options_.name, result}).add();
    co_return answer;
  }
}

io::Task<base::Result<Authorization>> WebhookAuthorizer::ask_once(std::string body) const {
  CO_TRY(auto reply, co_await post(options_.server, std::move(body), std::chrono::nanoseconds(options_.timeout_ns)));
  if (reply.status < 200 || reply.status > 206) {
    auto code = reply.status == 429   ? base::Code::TooManyRequests
                : reply.status == 500 ? base::Code::Internal
                                      : base::Code::Unavailable;
    co_return base::fail(code, base::cat({"webhook answered with status ", std::to_string(reply.status)}));
  }
  CO_TRY(auto answer, schema::from_json<authorization::SubjectAccessReview>(reply.body));
  co_return answer_of(std::move(answer.status));
}

}  // namespace apiserver
