#include "controller/podautoscaler/podautoscaler.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/pods.h"
#include "controller/common/selector.h"
#include "controller/podautoscaler/behavior.h"
#include "controller/podautoscaler/evaluate.h"

namespace controller {
namespace {

using api::autoscaling_v1::Scale;
using api::autoscaling_v2::HorizontalPodAutoscaler;
using api::autoscaling_v2::HorizontalPodAutoscalerStatus;
using autoscaling::Evaluation;
using autoscaling::History;
using autoscaling::Notice;
using autoscaling::Settled;
using autoscaling::Workload;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;

constexpr std::string_view kAbleToScale = "AbleToScale";
constexpr std::string_view kScalingActive = "ScalingActive";
constexpr std::string_view kScalingLimited = "ScalingLimited";

void set_condition(HorizontalPodAutoscalerStatus& status, std::string_view type, bool holds, std::string_view reason,
                   std::string message, base::Time now) {
  auto place = std::find_if(status.conditions.begin(), status.conditions.end(),
                            [&](const auto& one) { return one.type == type; });
  if (place == status.conditions.end()) {
    place = status.conditions.emplace(status.conditions.end());
    place->type = type;
  }
  std::string value = holds ? "True" : "False";
  if (place->status != value) place->last_transition_time = now;
  place->status = std::move(value);
  place->reason = reason;
  place->message = std::move(message);
}

class PodAutoscalerController final : public Controller {
 public:
  explicit PodAutoscalerController(Context& context)
      : context_(context),
        autoscalers_(context.caches.of<HorizontalPodAutoscaler>()),
        pods_(pods_of(context.caches)),
        metrics_(context.client),
        targets_(context.client, context.clock),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "horizontal-pod-autoscaler") {
    autoscalers_.add_listener(
        [this](const Key& key, const HorizontalPodAutoscaler* before, const HorizontalPodAutoscaler* now) {
          if (now == nullptr) {
            histories_.erase(key);
            selectors_.erase(key);
          } else if (before == nullptr || before->spec != now->spec) {
            queue_.add(key);
          }
        });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await autoscalers_.wait_synced();
    co_await pods_.wait_synced();
    co_await client::run_workers("horizontalpodautoscaler", queue_, context_.options.workers,
                                 [this](Key key) { return look(std::move(key)); });
  }

 private:
  void tell(const HorizontalPodAutoscaler& autoscaler, EventType type, std::string_view reason, std::string message) {
    events_.record(EventRecorder::reference(autoscaler), type, reason, std::move(message));
  }

  // What went wrong has been told by then, and is tried again with the rest.
  io::Task<Result<void>> look(Key key) {
    auto autoscaler = autoscalers_.get(key);
    if (!autoscaler) co_return {};
    HorizontalPodAutoscaler next = *autoscaler;
    co_await reconcile(key, &next);
    queue_.add_after(key, std::chrono::seconds(context_.options.autoscaler.sync_period_seconds));
    if (next.status == autoscaler->status) co_return {};
    auto updated = co_await context_.client.update_status(std::move(next));
    if (!updated && updated.error().code() != Code::NotFound && updated.error().code() != Code::Conflict)
      tell(*autoscaler, EventType::Warning, "FailedUpdateStatus", updated.error().message());
    co_return {};
  }

  void no_scale(HorizontalPodAutoscaler& autoscaler, const std::string& why) {
    tell(autoscaler, EventType::Warning, "FailedGetScale", why);
    set_condition(autoscaler.status, kAbleToScale, false, "FailedGetScale",
                  "the HPA controller was unable to get the target's current scale: " + why, context_.now());
  }

  io::Task<void> reconcile(Key key, HorizontalPodAutoscaler* autoscaler) {
    const auto& reference = autoscaler->spec.scale_target_ref;
    auto parts = base::split(reference.api_version, '/');
    if (parts.size() > 2) {
      no_scale(*autoscaler, "unexpected GroupVersion string: " + reference.api_version);
      co_return;
    }
    auto kind = co_await targets_.find(parts.size() == 2 ? std::string(parts[0]) : "", reference.kind);
    if (!kind) {
      no_scale(*autoscaler, kind.error().message());
      co_return;
    }
    auto scale = co_await targets_.scale(*kind, key.namespace_, reference.name);
    if (!scale) {
      no_scale(*autoscaler, scale.error().message());
      co_return;
    }
    base::Time now = context_.now();
    set_condition(autoscaler->status, kAbleToScale, true, "SucceededGetScale",
                  "the HPA controller was able to get the target's current scale", now);
    int32_t current = scale->spec.replicas;
    auto [history, is_new] = histories_.try_emplace(key);
    if (is_new) history->second.recommendations.push_back({current, now});

    autoscaling::Bounds bounds{.min = autoscaler->spec.min_replicas.value_or(1), .max = autoscaler->spec.max_replicas};
    int32_t desired = current;
    std::string why;
    if (current == 0 && bounds.min != 0) {
      set_condition(autoscaler->status, kScalingActive, false, "ScalingDisabled",
                    "scaling is disabled since the replica count of the target is zero", now);
      autoscaler->status.current_metrics.clear();
    } else if (current > bounds.max) {
      why = "Current number of replicas above Spec.MaxReplicas";
      desired = bounds.max;
      autoscaler->status.current_metrics.clear();
    } else if (current < bounds.min) {
      why = "Current number of replicas below Spec.MinReplicas";
      desired = bounds.min;
      autoscaler->status.current_metrics.clear();
    } else {
      auto wanted = co_await measure(key, autoscaler, *scale);
      if (!wanted) {
        autoscaler->status.current_replicas = current;
        co_return;
      }
      if (wanted->replicas > current) why = wanted->metric + " above target";
      if (wanted->replicas < current) why = "All metrics below target";
      const auto* behavior = autoscaler->spec.behavior ? autoscaler->spec.behavior.get() : nullptr;
      Settled settled =
          autoscaling::settle(histories_[key], behavior, bounds, current, wanted->replicas,
                              context_.options.autoscaler.downscale_stabilization_seconds, context_.now());
      note(*autoscaler, kAbleToScale, settled.able);
      note(*autoscaler, kScalingLimited, settled.limited);
      desired = settled.replicas;
    }
    co_await resize(key, autoscaler, *kind, std::move(*scale), desired, std::move(why));
  }

  void note(HorizontalPodAutoscaler& autoscaler, std::string_view type, const Notice& notice) {
    set_condition(autoscaler.status, type, notice.holds, notice.reason, std::string(notice.message), context_.now());
  }

  struct Wanted {
    int32_t replicas = 0;
    std::string metric;
  };

  // What the metrics ask for; nothing, once that is told, when they cannot say.
  io::Task<std::optional<Wanted>> measure(Key key, HorizontalPodAutoscaler* autoscaler, const Scale& scale) {
    auto workload = find_workload(key, *autoscaler, scale);
    if (!workload) {
      tell(*autoscaler, EventType::Warning, "FailedComputeMetricsReplicas", workload.error().message());
      co_return std::nullopt;
    }
    Evaluation evaluation =
        co_await autoscaling::evaluate(metrics_, targets_, key.namespace_, autoscaler->spec.metrics,
                                       std::move(*workload), scale.status.selector, scale.status.replicas);
    for (const auto& failure : evaluation.failures)
      tell(*autoscaler, EventType::Warning, failure.reason, failure.message);
    bool valid = evaluation.is_valid(scale.spec.replicas);
    autoscaler->status.current_metrics = std::move(evaluation.statuses);
    if (valid) {
      set_condition(autoscaler->status, kScalingActive, true, "ValidMetricFound",
                    "the HPA was able to successfully calculate a replica count from " + evaluation.metric,
                    context_.now());
      co_return Wanted{.replicas = evaluation.replicas, .metric = std::move(evaluation.metric)};
    }
    const auto& first = evaluation.failures.front();
    set_condition(autoscaler->status, kScalingActive, false, first.reason,
                  "the HPA was unable to compute the replica count: " + first.message, context_.now());
    tell(*autoscaler, EventType::Warning, "FailedComputeMetricsReplicas",
         base::cat({"invalid metrics (", std::to_string(evaluation.failures.size()), " invalid out of ",
                    std::to_string(autoscaler->spec.metrics.size()), "), first error is: ", first.whole}));
    co_return std::nullopt;
  }

  Result<Workload> find_workload(const Key& key, HorizontalPodAutoscaler& autoscaler, const Scale& scale) {
    auto refuse = [&](std::string_view event, std::string_view reason, std::string message, std::string shown) {
      tell(autoscaler, EventType::Warning, event, message);
      set_condition(autoscaler.status, kScalingActive, false, reason, std::move(shown), context_.now());
      return base::fail(Code::Internal, std::move(message));
    };
    const std::string& text = scale.status.selector;
    if (text.empty()) {
      return refuse("SelectorRequired", "InvalidSelector", "selector is required",
                    "the HPA target's scale is missing a selector");
    }
    auto selector = Selector::parse(text);
    if (!selector) {
      std::string message =
          "couldn't convert selector into a corresponding internal selector object: " + selector.error().message();
      return refuse("InvalidSelector", "InvalidSelector", message, message);
    }
    selectors_[key] = *selector;
    Workload workload{.pods = pods_.list(key.namespace_), .replicas = scale.spec.replicas, .now = context_.now()};
    std::erase_if(workload.pods, [&](const PodPointer& pod) { return !selector->matches(pod->metadata.labels); });
    if (auto others = rivals(key, workload.pods); !others.empty()) {
      std::string message = base::cat({"pods by selector ", text, " are controlled by multiple HPAs: [", others, "]"});
      return refuse("AmbiguousSelector", "AmbiguousSelector", message, message);
    }
    const auto& options = context_.options.autoscaler;
    workload.warmup = {.cpu_initialization_seconds = options.cpu_initialization_seconds,
                       .readiness_delay_seconds = options.readiness_delay_seconds};
    workload.tolerance = {.down = options.tolerance, .up = options.tolerance};
    if (const auto& behavior = autoscaler.spec.behavior) {
      if (behavior->scale_down && behavior->scale_down->tolerance)
        workload.tolerance.down = behavior->scale_down->tolerance->to_double();
      if (behavior->scale_up && behavior->scale_up->tolerance)
        workload.tolerance.up = behavior->scale_up->tolerance->to_double();
    }
    return workload;
  }

  // All autoscalers whose pods some of these are, as a text; "" when `own` is the only one.
  std::string rivals(const Key& own, const std::vector<PodPointer>& pods) const {
    std::string found;
    bool others = false;
    for (const auto& [key, selector] : selectors_) {
      if (key.namespace_ != own.namespace_) continue;
      bool shares = std::any_of(pods.begin(), pods.end(),
                                [&](const PodPointer& pod) { return selector.matches(pod->metadata.labels); });
      if (!shares) continue;
      found += base::cat({found.empty() ? "" : " ", key.text()});
      others |= key != own;
    }
    return others ? found : "";
  }

  io::Task<void> resize(Key key, HorizontalPodAutoscaler* autoscaler, ResourceKind kind, Scale scale, int32_t desired,
                        std::string why) {
    int32_t current = scale.spec.replicas;
    auto& status = autoscaler->status;
    status.current_replicas = current;
    if (desired == current) {
      status.desired_replicas = current;
      co_return;
    }
    scale.spec.replicas = desired;
    std::string size = base::cat({"New size: ", std::to_string(desired), "; reason: ", why});
    auto done = co_await targets_.set_scale(std::move(kind), std::move(scale));
    if (!done) {
      tell(*autoscaler, EventType::Warning, "FailedRescale", base::cat({size, "; error: ", done.error().message()}));
      set_condition(status, kAbleToScale, false, "FailedUpdateScale",
                    "the HPA controller was unable to update the target scale: " + done.error().message(),
                    context_.now());
      co_return;
    }
    histories_[key].note_scaled(current, desired, context_.now());
    set_condition(status, kAbleToScale, true, "SucceededRescale",
                  "the HPA controller was able to update the target scale to " + std::to_string(desired),
                  context_.now());
    tell(*autoscaler, EventType::Normal, "SuccessfulRescale", std::move(size));
    status.desired_replicas = desired;
    status.last_scale_time = context_.now();
  }

  Context& context_;
  client::Cache<HorizontalPodAutoscaler>& autoscalers_;
  client::Cache<api::core_v1::Pod>& pods_;
  autoscaling::Metrics metrics_;
  autoscaling::Targets targets_;
  std::map<Key, History> histories_;
  std::map<Key, Selector> selectors_;  // of the pods of each autoscaler's target, as last seen
  client::Queue queue_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_podautoscaler_controller(Context& context) {
  return std::make_unique<PodAutoscalerController>(context);
}

}  // namespace controller
