#include "controller/clusterrole_aggregation/clusterrole_aggregation.h"

#include <algorithm>

#include "api/rbac_authorization_k8s_io_v1.h"
#include "client/queue.h"
#include "schema/selector.h"

namespace controller {
namespace {

using api::rbac_authorization_k8s_io_v1::ClusterRole;
using api::rbac_authorization_k8s_io_v1::PolicyRule;
using base::Result;
using client::Key;
using RolePointer = std::shared_ptr<const ClusterRole>;

bool is_selected(const ClusterRole& sum, const ClusterRole& part) {
  if (sum.metadata.name == part.metadata.name) return false;
  const auto& selectors = sum.aggregation_rule->cluster_role_selectors;
  return std::any_of(selectors.begin(), selectors.end(), [&](const auto& given) {
    auto selector = schema::LabelSelector::from(given);
    return selector && selector->matches(part.metadata.labels);
  });
}

// The rules of all that are selected, each once, role by role in the order of their names.
std::vector<PolicyRule> sum_of(const ClusterRole& sum, const std::vector<RolePointer>& sorted) {
  std::vector<PolicyRule> rules;
  for (const RolePointer& part : sorted) {
    if (!is_selected(sum, *part)) continue;
    for (const PolicyRule& rule : part->rules) {
      if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
    }
  }
  return rules;
}

class ClusterRoleAggregation final : public Controller {
 public:
  explicit ClusterRoleAggregation(Context& context)
      : context_(context), roles_(context.caches.of<ClusterRole>()), queue_(context.random) {
    // Any role may be a part of any sum, and sums are few.
    roles_.add_listener([this](const Key&, const ClusterRole* before, const ClusterRole* now) {
      if (before && now && before->rules == now->rules && before->metadata.labels == now->metadata.labels) return;
      if (!roles_.synced()) return;
      queue_sums();
    });
  }

  io::Task<void> run() override {
    co_await roles_.wait_synced();
    queue_sums();
    co_await client::run_workers("clusterrole-aggregation", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void queue_sums() {
    for (const RolePointer& role : roles_.list()) {
      if (role->aggregation_rule) queue_.add({"", role->metadata.name});
    }
  }

  io::Task<Result<void>> reconcile(Key key) {
    RolePointer role = roles_.get(key);
    if (!role || !role->aggregation_rule) co_return {};
    auto all = roles_.list();
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->metadata.name < b->metadata.name; });
    auto rules = sum_of(*role, all);
    if (rules == role->rules) co_return {};
    ClusterRole next = *role;
    next.rules = std::move(rules);
    auto written = co_await context_.client.update(std::move(next));
    if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
    co_return {};
  }

  Context& context_;
  client::Cache<ClusterRole>& roles_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_clusterrole_aggregation_controller(Context& context) {
  return std::make_unique<ClusterRoleAggregation>(context);
}

}  // namespace controller
