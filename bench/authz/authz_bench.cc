// What one decision costs in a cluster with 1,000 roles and 10,000 bindings. Budget: 5 us.

#include <benchmark/benchmark.h>

#include "apiserver/authz/rbac.h"
#include "apiserver/authz/union.h"
#include "base/strings.h"

namespace {

namespace rbac = api::rbac_authorization_k8s_io_v1;
using namespace apiserver;

constexpr int kRoles = 1000;
constexpr int kBindings = 10'000;
constexpr int kUsers = 1000;
constexpr int kNamespaces = 100;

rbac::PolicyRule rule(int i, int part) {
  rbac::PolicyRule made;
  made.verbs = {"get", "list", "watch"};
  made.api_groups = {base::cat({"group", std::to_string(i % 50), ".example.com"})};
  made.resources = {base::cat({"things", std::to_string(part)}),
                    base::cat({"things", std::to_string(part), "/status"})};
  return made;
}

// Every user has ten bindings, every group a hundred, spread over the namespaces; one in ten binds cluster-wide.
std::shared_ptr<const RbacAuthorizer> cluster() {
  auto made = std::make_shared<RbacAuthorizer>();
  for (int i = 0; i < kRoles; ++i) {
    std::vector<rbac::PolicyRule> rules;
    for (int part = 0; part < 5; ++part) rules.push_back(rule(i, part));
    made->put_role("", base::cat({"role", std::to_string(i)}), std::move(rules));
  }
  for (int i = 0; i < kBindings; ++i) {
    rbac::RoleRef role;
    role.kind = "ClusterRole";
    role.name = base::cat({"role", std::to_string(i % kRoles)});
    rbac::Subject user, group;
    user.kind = "User";
    user.name = base::cat({"user", std::to_string(i % kUsers)});
    group.kind = "Group";
    group.name = base::cat({"group", std::to_string(i % 100)});
    std::string namespace_ = i % 10 == 0 ? "" : base::cat({"ns", std::to_string(i / 10 % kNamespaces)});
    made->put_binding(namespace_, base::cat({"binding", std::to_string(i)}), role, {user, group});
  }
  return made;
}

AuthorizationAttributes question(int user, std::string group, std::string resource) {
  AuthorizationAttributes asked;
  asked.user.name = base::cat({"user", std::to_string(user)});
  asked.user.groups = {"group7", "group42", "system:authenticated"};
  asked.verb = "list";
  asked.resource_request = true;
  asked.api_group = std::move(group);
  asked.api_version = "v1";
  asked.resource = std::move(resource);
  asked.namespace_ = "ns3";
  return asked;
}

void decide(benchmark::State& state, const AuthorizationAttributes& asked, bool allowed) {
  static const auto rules = cluster();
  UnionAuthorizer authorizer({{"RBAC", "rbac", rules}});
  if (authorizer.decide(asked)->allowed() != allowed) state.SkipWithError("decided otherwise");
  for (auto _ : state) benchmark::DoNotOptimize(authorizer.decide(asked));
}

void BM_Allowed(benchmark::State& state) {
  decide(state, question(30, "group30.example.com", "things2"), true);
}
BENCHMARK(BM_Allowed);

// Everything that is bound to the user and his groups is looked at.
void BM_Refused(benchmark::State& state) {
  decide(state, question(31, "apps", "deployments"), false);
}
BENCHMARK(BM_Refused);

}  // namespace
