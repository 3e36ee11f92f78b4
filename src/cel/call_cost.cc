// Costs of calls while they are made, as upstream counts them.

#include <algorithm>
#include <cmath>

#include "cel/evaluator.h"
#include "cel/operators.h"

namespace cel {
namespace {

constexpr double kTraversal = 0.1;       // per character
constexpr double kRegexLength = 0.25;    // per character of a pattern
constexpr uint64_t kFormatLength = 128;  // the longest pattern of a named format
constexpr uint64_t kCopies = 32;         // elements copied for one unit

uint64_t traverse(double size) {
  return static_cast<uint64_t>(std::ceil(size * kTraversal));
}

uint64_t product(uint64_t a, uint64_t b) {
  uint64_t out;
  return __builtin_mul_overflow(a, b, &out) ? UINT64_MAX / 2 : out;
}

uint64_t regex(const Value& text, double pattern_size) {
  return product(traverse(1.0 + static_cast<double>(size_or_one(text))),
                 static_cast<uint64_t>(std::ceil(pattern_size * kRegexLength)));
}

// All of a list's elements; what is deeper in counts as one.
uint64_t traverse_all(const Value& value) {
  if (value.kind() == Kind::String || value.kind() == Kind::Bytes) {
    return static_cast<uint64_t>(static_cast<double>(value.as_string().size()) * kTraversal);
  }
  if (value.kind() != Kind::List) return 1;
  uint64_t cost = 0;
  for (size_t i = 0; i < value.list_size(); ++i) {
    Value element = value.list_at(i);
    bool text = element.kind() == Kind::String || element.kind() == Kind::Bytes;
    cost += text ? static_cast<uint64_t>(static_cast<double>(element.as_string().size()) * kTraversal)
                 : size_or_one(element);
  }
  return cost;
}

}  // namespace

uint64_t call_cost(CallCost rule, std::span<const Value> a, const Value& result) {
  auto size = [&](size_t i) { return size_or_one(a[i]); };
  switch (rule) {
    case CallCost::One:
    case CallCost::IndexList:
    case CallCost::IndexMap:
      return 1;
    case CallCost::Free:
    case CallCost::LogicalOr:
    case CallCost::LogicalAnd:
    case CallCost::Conditional:
      return 0;
    case CallCost::TraverseFirst:
    case CallCost::ParseFirst:
    case CallCost::StartsWith:
    case CallCost::ToBytes:
    case CallCost::FromBytes:
    case CallCost::Quote:
    case CallCost::FormatText:
    case CallCost::Trim:
    case CallCost::Url:
      return traverse(static_cast<double>(size(0)));
    case CallCost::ParseTwice:
    case CallCost::Replace:
    case CallCost::Split:
      return traverse(2.0 * static_cast<double>(size(0)));
    case CallCost::Join:
      return traverse(2.0 * static_cast<double>(size_or_one(result)));
    case CallCost::InList:
      return size(1);
    case CallCost::Equality:
      return traverse(static_cast<double>(std::min(size(0), size(1))));
    case CallCost::AddText:
      return traverse(static_cast<double>(size(0) + size(1)));
    // Upstream counts one; ours copies.
    case CallCost::AddList:
      return 1 + (size(0) + size(1)) / kCopies;
    case CallCost::Matches:
    case CallCost::Find:
      return regex(a[0], static_cast<double>(size(1)));
    case CallCost::Validate:
      return regex(a[1], static_cast<double>(kFormatLength));
    case CallCost::Contains:
      return product(traverse(static_cast<double>(size(0))), traverse(static_cast<double>(size(1))));
    case CallCost::ListTraversal:
      return traverse_all(a[0]);
    case CallCost::ContainsIp:
      return traverse(2);
    case CallCost::ContainsIpText:
      return traverse(2) + traverse(static_cast<double>(size(1)));
    case CallCost::ContainsCidr:
      return traverse(2) + traverse(1) + 1;
    case CallCost::ContainsCidrText:
      return traverse(2) + traverse(1) + 1 + traverse(static_cast<double>(size(1)));
    case CallCost::SetsOnce:
      return product(size(0), size(1)) + 1;
    case CallCost::SetsTwice:
      return product(product(size(0), size(1)), 2) + 1;
    case CallCost::AuthorizationCheck:
      return 350'000;
  }
  return 1;
}

}  // namespace cel
