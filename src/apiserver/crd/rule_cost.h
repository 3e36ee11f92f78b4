// What rules may cost at worst, estimated before they are ever run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/crd/rules.h"
#include "schema/field_error.h"

namespace apiserver::crd {

struct RuleCost {
  uint64_t rule = 0;     // once for each value it is about
  uint64_t message = 0;  // of its messageExpression
};

// `cardinality`: how many values the rule is about at most; nothing: as many as fit into a request.
RuleCost estimate(const CompiledRule& rule, const cel::Declaration& declaration, std::optional<uint64_t> cardinality);

// "estimated rule cost exceeds budget by factor of more than 100x (try ...)"
std::string cost_complaint(std::string_view what, uint64_t cost, uint64_t limit);

// Saturates.
uint64_t multiply(uint64_t a, uint64_t b);

// Of all rules of a schema.
class CostTotal {
 public:
  void add(const schema::FieldPath& path, uint64_t cost);
  // Nothing when all of it is within the limit; else about the dearest rules, and about `path`, the whole.
  schema::FieldErrors complaints(const schema::FieldPath& path) const;

 private:
  struct Entry {
    schema::FieldPath path;
    uint64_t cost;
  };
  uint64_t total_ = 0;
  std::vector<Entry> dearest_;  // at most four
};

}  // namespace apiserver::crd
