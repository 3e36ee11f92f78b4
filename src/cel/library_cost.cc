// Estimates of the functions that Kubernetes adds, and of its say about some of the language's own.

#include "cel/cost_estimator.h"

namespace cel {
namespace {

constexpr double kTraversal = 0.1;
constexpr double kRegexLength = 0.25;
constexpr double kFormatLength = 128;
// Addresses as bytes.
constexpr CostRange kAddress{4, 16};

}  // namespace

CostEstimator::Estimate CostEstimator::estimate_replace(CostRange text, CostRange old, CostRange with) const {
  CostRange count;
  CostRange kept;
  // The longest result: as many of the longest replacement as fit.
  if (old.min == 0) {
    count.max = saturating_add(text.max, 1);
    kept.max = text.max;
  } else if (with.max <= old.min) {
    kept.max = text.max;
  } else {
    count.max = saturating_scale(text.max, 1.0 / static_cast<double>(old.min));
  }
  // The shortest.
  if (old.max == 0) {
    count.min = saturating_add(text.min, 1);
    kept.min = text.min;
  } else if (old.max <= with.min) {
    kept.min = text.min;
  } else {
    count.min = saturating_scale(text.min, 1.0 / static_cast<double>(old.max));
  }
  return {text * (2 * kTraversal), count * with + kept};
}

CostRange CostEstimator::estimate_list_traversal(const Expression& target) {
  CostRange size = size_or_unknown(target);
  if (target.type == nullptr || target.type->parameters.empty()) return size * kTraversal;
  const Type& element = *target.type->parameters[0];
  CostRange each = exactly(1);
  if (element.kind == Kind::String || element.kind == Kind::Bytes) {
    Path path = path_of(target);
    Size element_size = path.known ? size_of_path(element_of(path, true)) : std::nullopt;
    each = each + element_size.value_or(kUnknownSize) * kTraversal;
  }
  return size * each;
}

std::optional<CostEstimator::Estimate> CostEstimator::estimate_library(
    const Overload& overload, const Expression* target, const std::vector<const Expression*>& arguments) {
  auto size = [&](size_t i) { return size_or_unknown(*arguments[i]); };
  CostRange text = target == nullptr ? CostRange{} : size_or_unknown(*target);
  switch (overload.cost) {
    case CallCost::AuthorizationCheck:
      return Estimate{exactly(350'000), {}};
    case CallCost::ListTraversal:
      return Estimate{estimate_list_traversal(*target), {}};
    case CallCost::Url:
    case CallCost::ParseFirst:
      return Estimate{size(0) * kTraversal, {}};
    case CallCost::ParseTwice:
      return Estimate{size(0) * (2 * kTraversal), {}};
    case CallCost::Trim:
      return Estimate{text * kTraversal, text};
    case CallCost::Replace:
      return estimate_replace(text, size(0), size(1));
    case CallCost::Split: {
      CostRange pieces{0, text.max};
      if (arguments.size() > 1 && arguments[1]->kind == Expression::Kind::Literal &&
          arguments[1]->literal.kind() == Kind::Int) {
        pieces.max = static_cast<uint64_t>(arguments[1]->literal.as_int());
      }
      return Estimate{text * (2 * kTraversal), pieces};
    }
    case CallCost::Join: {
      Path path = path_of(*target);
      Size element = path.known ? size_of_path(element_of(path, true)) : std::nullopt;
      CostRange joined = text * element.value_or(kUnknownSize);
      if (!arguments.empty())
        joined = joined + size(0) * CostRange{text.min > 0 ? text.min - 1 : 0, text.max > 0 ? text.max - 1 : 0};
      return Estimate{joined * kTraversal, joined};
    }
    case CallCost::Find:
      return Estimate{((text + exactly(1)) * kTraversal) * (size(0) * kRegexLength), CostRange{0, text.max}};
    case CallCost::ContainsIp:
      return Estimate{(kAddress + kAddress) * kTraversal, {}};
    case CallCost::ContainsIpText:
      return Estimate{(kAddress + kAddress) * kTraversal + size(0) * kTraversal, {}};
    case CallCost::ContainsCidr:
      return Estimate{(kAddress + kAddress) * kTraversal + kAddress * kTraversal + exactly(1), {}};
    case CallCost::ContainsCidrText:
      return Estimate{(kAddress + kAddress) * kTraversal + kAddress * kTraversal + exactly(1) + size(0) * kTraversal,
                      {}};
    case CallCost::Validate:
      return Estimate{size(0) * kTraversal * (kFormatLength * kRegexLength), {}};
    case CallCost::SetsOnce:
      return Estimate{size(0) * size(1) + exactly(1), {}};
    case CallCost::SetsTwice:
      return Estimate{size(0) * size(1) * exactly(2) + exactly(1), {}};
    default:
      return std::nullopt;
  }
}

}  // namespace cel
