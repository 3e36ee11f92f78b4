#include <cmath>

#include "apiserver/registry/validation/flow_control.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/report.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace flowcontrol = api::flowcontrol_apiserver_k8s_io_v1;

constexpr int32_t kQueuesMax = 10'000'000;
constexpr int kEntropyBitsMax = 60;  // of one hash, from which all cards of a hand are dealt

void check_percent(Report& report, const std::optional<int32_t>& percent, const Place& at) {
  if (percent && (*percent < 0 || *percent > 100)) report.invalid(at, *percent, "must be between 0 and 100, inclusive");
}

void check_queuing(Report& report, const flowcontrol::QueuingConfiguration& queuing, const Place& at) {
  constexpr std::string_view kMustBePositive = "must be positive";
  if (queuing.queue_length_limit <= 0)
    report.invalid(Place(at, "queueLengthLimit"), queuing.queue_length_limit, kMustBePositive);
  Place queues(at, "queues");
  if (queuing.queues <= 0) {
    report.invalid(queues, queuing.queues, kMustBePositive);
  } else if (queuing.queues > kQueuesMax) {
    report.invalid(queues, queuing.queues, base::cat({"must not be greater than ", std::to_string(kQueuesMax)}));
  }
  Place hand(at, "handSize");
  if (queuing.hand_size <= 0) {
    report.invalid(hand, queuing.hand_size, kMustBePositive);
  } else if (queuing.hand_size > queuing.queues) {
    report.invalid(hand, queuing.hand_size,
                   base::cat({"should not be greater than queues (", std::to_string(queuing.queues), ")"}));
  } else if (std::ceil(std::log2(queuing.queues) * queuing.hand_size) > kEntropyBitsMax) {
    report.invalid(hand, queuing.hand_size,
                   base::cat({"required entropy bits of deckSize ", std::to_string(queuing.queues), " and handSize ",
                              std::to_string(queuing.hand_size), " should not be greater than ",
                              std::to_string(kEntropyBitsMax)}));
  }
}

void check_response(Report& report, const flowcontrol::LimitResponse& response, const Place& at) {
  Place queuing(at, "queuing");
  if (response.type == "Reject") {
    if (response.queuing) report.forbidden(queuing, "must be nil if limited.limitResponse.type is not Limited");
  } else if (response.type == "Queue") {
    if (!response.queuing) {
      report.required(queuing, "must not be empty if limited.limitResponse.type is Limited");
    } else {
      check_queuing(report, *response.queuing, queuing);
    }
  } else {
    report.not_supported(Place(at, "type"), response.type, {"Queue", "Reject"});
  }
}

void check_limited(Report& report, const flowcontrol::LimitedPriorityLevelConfiguration& limited, const Place& at) {
  if (limited.nominal_concurrency_shares.value_or(0) < 0) {
    report.invalid(Place(at, "nominalConcurrencyShares"), *limited.nominal_concurrency_shares,
                   "must be a non-negative integer");
  }
  check_response(report, limited.limit_response, Place(at, "limitResponse"));
  check_percent(report, limited.lendable_percent, Place(at, "lendablePercent"));
  if (limited.borrowing_limit_percent.value_or(0) < 0) {
    report.invalid(Place(at, "borrowingLimitPercent"), *limited.borrowing_limit_percent,
                   "if specified, must be a non-negative integer");
  }
}

void check_exempt(Report& report, const flowcontrol::ExemptPriorityLevelConfiguration& exempt, const Place& at) {
  if (exempt.nominal_concurrency_shares.value_or(0) < 0) {
    report.invalid(Place(at, "nominalConcurrencyShares"), *exempt.nominal_concurrency_shares,
                   "must be a non-negative integer");
  }
  check_percent(report, exempt.lendable_percent, Place(at, "lendablePercent"));
}

}  // namespace

schema::FieldErrors validate_priority_level(const flowcontrol::PriorityLevelConfiguration& next,
                                            const flowcontrol::PriorityLevelConfigurationSpec* fixed) {
  Report report;
  Place at("spec");
  Place type(at, "type");
  Place limited(at, "limited");
  Place exempt(at, "exempt");
  const auto& spec = next.spec;
  if ((next.metadata.name == "exempt") != (spec.type == "Exempt") &&
      (spec.type == "Exempt" || spec.type == "Limited")) {
    report.invalid(type, spec.type, "must be 'Exempt' if and only if `name` is 'exempt'");
  }
  if (spec.type == "Exempt") {
    if (spec.limited) report.forbidden(limited, "must be nil if the type is not Limited");
    if (spec.exempt) check_exempt(report, *spec.exempt, exempt);
  } else if (spec.type == "Limited") {
    if (spec.exempt) report.forbidden(exempt, "must be nil if the type is not Exempt");
    if (!spec.limited) {
      report.required(limited, "must not be empty when type is Limited");
    } else {
      check_limited(report, *spec.limited, limited);
    }
  } else {
    report.not_supported(type, spec.type, {"Exempt", "Limited"});
  }
  if (fixed == nullptr) return report.take();
  bool free = fixed->type == "Exempt";
  auto have = spec;
  if (free) have.exempt = fixed->exempt;
  if (!(have == *fixed)) {
    report.invalid(at, go_value(spec),
                   base::cat({"spec of '", next.metadata.name, "'", free ? " except the 'spec.exempt' field" : "",
                              " must equal the fixed value"}));
  }
  return report.take();
}

}  // namespace apiserver
