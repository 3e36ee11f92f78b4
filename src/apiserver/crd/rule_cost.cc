#include "apiserver/crd/rule_cost.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "base/strings.h"

namespace apiserver::crd {
namespace {

constexpr uint64_t kRequestBytesMax = uint64_t{3} << 20;
constexpr size_t kDearestMax = 4;
constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

}  // namespace

uint64_t multiply(uint64_t a, uint64_t b) {
  if (a == 0 || b == 0) return 0;
  return kMost / a < b ? kMost : a * b;
}

RuleCost estimate(const CompiledRule& rule, const cel::Declaration& declaration, std::optional<uint64_t> cardinality) {
  // A comma goes with each element.
  uint64_t count = cardinality ? *cardinality : kRequestBytesMax / (declaration.min_serialized_size + 1);
  RuleCost cost;
  if (rule.program != nullptr) cost.rule = multiply(rule.program->estimate_cost(&declaration).max, count);
  if (rule.message_program != nullptr) cost.message = rule.message_program->estimate_cost(&declaration).max;
  return cost;
}

std::string cost_complaint(std::string_view what, uint64_t cost, uint64_t limit) {
  double factor = static_cast<double>(cost) / static_cast<double>(limit);
  char text[32];
  if (factor > 100) {
    std::snprintf(text, sizeof text, "more than 100x");
  } else {
    std::snprintf(text, sizeof text, factor < 1.5 ? "%fx" : "%.1fx", factor);
  }
  return base::cat({what, " exceeds budget by factor of ", text,
                    " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, "
                    "and strings are declared)"});
}

void CostTotal::add(const schema::FieldPath& path, uint64_t cost) {
  total_ = kMost - total_ < cost ? kMost : total_ + cost;
  if (dearest_.size() == kDearestMax) {
    if (dearest_.back().cost >= cost) return;
    dearest_.pop_back();
  }
  auto place = std::ranges::upper_bound(dearest_, cost, std::greater<>(), &Entry::cost);
  dearest_.insert(place, {path, cost});
}

schema::FieldErrors CostTotal::complaints(const schema::FieldPath& path) const {
  schema::FieldErrors errors;
  if (total_ <= cel::kStaticTotalLimit) return errors;
  for (const auto& entry : dearest_) {
    errors.push_back(schema::FieldError::forbidden(
        entry.path, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"));
  }
  errors.push_back(schema::FieldError::forbidden(
      path, cost_complaint("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total_,
                           cel::kStaticTotalLimit)));
  return errors;
}

}  // namespace apiserver::crd
