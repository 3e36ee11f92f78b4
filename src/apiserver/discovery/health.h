// /healthz, /livez, /readyz and the checks below them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apiserver/pipeline/query.h"

namespace apiserver {

struct HealthAnswer {
  int status = 200;
  std::string text;
};
// Nothing for a path that is none of these, or a check that does not exist. `store_ok`: the store answers.
std::optional<HealthAnswer> answer_health(std::string_view path, const Query& query, bool store_ok);

}  // namespace apiserver
