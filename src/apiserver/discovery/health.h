// /healthz, /livez, /readyz and the checks below them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/pipeline/query.h"
#include "base/result.h"

namespace apiserver {

// A check of something that can fail while we serve, and why it does.
struct HealthCheck {
  std::string name;
  std::optional<base::Error> trouble;
};
using HealthChecks = std::function<std::vector<HealthCheck>()>;
class HealthMetrics;

// The names of the checks below /`root`, which is "healthz", "livez" or "readyz". They live as long as `more`.
std::vector<std::string_view> health_check_names(std::string_view root, const std::vector<HealthCheck>& more);

struct HealthAnswer {
  int status = 200;
  std::string text;
};
// Nothing for a path that is none of these, or a check that does not exist. `store_ok`: the store answers. How each
// check goes is counted.
std::optional<HealthAnswer> answer_health(std::string_view path, const Query& query, bool store_ok,
                                          HealthMetrics& metrics, const std::vector<HealthCheck>& more = {});

}  // namespace apiserver
