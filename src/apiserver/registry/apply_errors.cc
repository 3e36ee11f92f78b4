#include "apiserver/registry/apply_errors.h"

#include <map>

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

using schema::apply::Conflict;
using schema::apply::ManagerId;

std::string summary(const std::vector<Conflict>& conflicts) {
  if (conflicts.size() == 1) {
    return base::cat({"Apply failed with 1 conflict: conflict with ", conflicts[0].manager.to_string(), ": ",
                      schema::apply::to_string(conflicts[0].path)});
  }
  std::map<ManagerId, std::string> lines;
  for (const auto& conflict : conflicts) lines[conflict.manager] += "\n- " + schema::apply::to_string(conflict.path);
  std::string text = base::cat({"Apply failed with ", std::to_string(conflicts.size()), " conflicts: "});
  bool first = true;
  for (const auto& [manager, paths] : lines) {
    if (!first) text += '\n';
    first = false;
    text += base::cat({"conflicts with ", manager.to_string(), ":", paths});
  }
  return text;
}

}  // namespace

base::Error apply_refused(const schema::apply::Refusal& refusal) {
  if (refusal.conflicts.empty()) return plain_error(refusal.message);
  api::meta_v1::Status status;
  status.status = "Failure";
  status.code = 409;
  status.reason = "Conflict";
  status.message = summary(refusal.conflicts);
  auto& details = status.details.emplace();
  for (const auto& conflict : refusal.conflicts) {
    auto& cause = details.causes.emplace_back();
    cause.reason = "FieldManagerConflict";
    cause.message = "conflict with " + conflict.manager.to_string();
    cause.field = schema::apply::to_string(conflict.path);
  }
  return schema::error_of(std::move(status));
}

}  // namespace apiserver
