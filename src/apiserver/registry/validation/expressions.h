// Expressions in objects: that they compile, and give what is asked of them.
#pragma once

#include <string_view>
#include <vector>

#include "api/admissionregistration_k8s_io_v1.h"
#include "apiserver/registry/validation/report.h"
#include "cel/environment.h"

namespace apiserver {

// What an expression has to give.
enum class Gives : uint8_t { Anything, Bool, Text, TextOrNull, Object, Patches };

// The environment of one policy or webhook. What its variables give becomes known with them, to those after it.
class ExpressionScope {
 public:
  // Of match conditions of webhooks.
  ExpressionScope();
  // Of policies.
  ExpressionScope(bool with_params, bool mutates);

  // Complains in upstream's words.
  void check(Report& report, std::string_view expression, Gives gives, const Place& at) const;
  // The same for a variable; it is known from then on.
  void add_variable(Report& report, const api::admissionregistration_k8s_io_v1::Variable& variable, const Place& at);

 private:
  cel::Environment environment_;  // without the variables
  cel::Environment complete_;     // with them
  std::vector<std::pair<std::string, cel::DeclarationRef>> variables_;
};

// Which devices are meant: an expression about `device`.
void check_device_expression(Report& report, std::string_view expression, const Place& at);

}  // namespace apiserver
