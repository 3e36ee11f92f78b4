#include "apiserver/authz/union.h"

#include <algorithm>

namespace apiserver {
namespace {

bool is_master(const User& user) {
  return std::find(user.groups.begin(), user.groups.end(), kMastersGroup) != user.groups.end();
}

void add_line(std::string& text, std::string&& line, std::string_view separator) {
  if (line.empty()) return;
  if (text.empty()) {
    text = std::move(line);
  } else {
    text.append(separator).append(line);
  }
}

}  // namespace

UnionAuthorizer::UnionAuthorizer(const std::vector<Member>& members, AuthorizationMetrics* metrics) {
  for (const auto& [type, name, authorizer] : members) {
    auto counter = [&](std::string_view decision) {
      return metrics != nullptr ? &metrics->decisions.with({decision, name, type}) : nullptr;
    };
    members_.push_back({authorizer, counter("allowed"), counter("denied")});
  }
}

void UnionAuthorizer::Counted::count(Decision decision) const {
  auto* counter = decision == Decision::Allow ? allowed : denied;
  if (counter != nullptr) counter->add();
}

void UnionAuthorizer::Remarks::add(Authorization&& answer) {
  add_line(reasons, std::move(answer.reason), "\n");
  add_line(errors, std::move(answer.error), ", ");
}

Authorization UnionAuthorizer::Remarks::no_opinion() && {
  return {Decision::NoOpinion, std::move(reasons), std::move(errors)};
}

std::optional<Authorization> UnionAuthorizer::decide(const AuthorizationAttributes& attributes) const {
  if (is_master(attributes.user)) return Authorization{.decision = Decision::Allow};
  Remarks remarks;
  for (const auto& member : members_) {
    auto answer = member.authorizer->decide(attributes);
    if (!answer) return std::nullopt;
    if (answer->decision != Decision::NoOpinion) {
      member.count(answer->decision);
      return answer;
    }
    remarks.add(std::move(*answer));
  }
  return std::move(remarks).no_opinion();
}

io::Task<Authorization> UnionAuthorizer::authorize(AuthorizationAttributes attributes) const {
  if (is_master(attributes.user)) co_return Authorization{.decision = Decision::Allow};
  Remarks remarks;
  for (const auto& member : members_) {
    auto answer = co_await member.authorizer->authorize(attributes);
    if (answer.decision != Decision::NoOpinion) {
      member.count(answer.decision);
      co_return answer;
    }
    remarks.add(std::move(answer));
  }
  co_return std::move(remarks).no_opinion();
}

}  // namespace apiserver
