// Match conditions: expressions that all must be true for a webhook or policy to be asked at all.
// Kubernetes documentation, "Matching requests: matchConditions".
#pragma once

#include <string>
#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/admission/expression_input.h"
#include "apiserver/admission/plugin.h"
#include "cel/program.h"

namespace apiserver {

class Conditions {
 public:
  Conditions() = default;
  explicit Conditions(const std::vector<api::admissionregistration_k8s_io_v1::MatchCondition>& conditions,
                      bool with_params = false);

  bool empty() const { return conditions_.empty(); }
  // False when one is false, whatever becomes of the others; an error when none is and one cannot be told.
  base::Result<bool> judge(const cel::Activation& activation, cel::Budget& budget) const;
  // The same for a write by itself.
  io::Task<base::Result<bool>> judge(const Attempt& attempt, const Served& version, const Authorizer& authorizer) const;

 private:
  struct Condition {
    std::string name;
    cel::ProgramRef program;  // null: `broken` says why
    std::string broken;
  };
  std::vector<Condition> conditions_;
};

}  // namespace apiserver
