#include "apiserver/registry/validation/disruption_budget.h"
#include "apiserver/registry/validation/flow_control.h"
#include "apiserver/registry/validation/rbac.h"
#include "apiserver/registry/validation/runtime_class.h"
#include "apiserver/registry/validation/testing.h"

namespace apiserver {
namespace {

namespace flowcontrol = api::flowcontrol_apiserver_k8s_io_v1;
namespace node = api::node_k8s_io_v1;
namespace policy = api::policy_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;
namespace scheduling = api::scheduling_k8s_io_v1;
using testing::expect_all;

TEST(DisruptionBudgetRules, OneBoundAtMostAndNoMoreThanAll) {
  expect_all<policy::PodDisruptionBudget>(
      validate_disruption_budget,
      {{R"({"spec":{"minAvailable":1,"maxUnavailable":1}})",
        {"spec: Invalid value: "
         "{\"MinAvailable\":1,\"Selector\":null,\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: "
         "minAvailable and maxUnavailable cannot be both set"}},
       {R"({"spec":{"maxUnavailable":"200%"}})",
        {"spec.maxUnavailable: Invalid value: \"200%\": must not be greater than 100%"}},
       {R"({"spec":{"unhealthyPodEvictionPolicy":"X"}})",
        {"spec.unhealthyPodEvictionPolicy: Unsupported value: \"X\": supported values: \"AlwaysAllow\", "
         "\"IfHealthyBudget\""}}});
}

TEST(RoleRules, RulesAreForResourcesOrForPaths) {
  expect_all<rbac::ClusterRole>(validate_cluster_role,
                                {{R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]})", {}},
                                 {R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/x"],"resources":["pods"]}]})",
                                  {"rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both "
                                   "regular resources and non-resource URLs"}},
                                 {R"({"aggregationRule":{"clusterRoleSelectors":[]}})",
                                  {"aggregationRule.clusterRoleSelectors: Required value: at least one "
                                   "clusterRoleSelector required if aggregationRule is non-nil"}}});
}

TEST(BindingRules, TheRoleStaysAndSubjectsAreKnown) {
  const char* view = R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}})";
  expect_all<rbac::ClusterRoleBinding>(
      validate_cluster_role_binding,
      {{R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"a/b"},
            "subjects":[{"kind":"ServiceAccount","name":"x"}]})",
        {"roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
         "roleRef.name: Invalid value: \"a/b\": may not contain '/'", "subjects[0].namespace: Required value"}},
       {R"({"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}})",
        {"roleRef: Invalid value: "
         "{\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"edit\"}: cannot change "
         "roleRef"},
        view}});
}

TEST(RuntimeClassRules, TolerationsAreDistinct) {
  expect_all<node::RuntimeClass>(
      validate_runtime_class,
      {{R"({"handler":"h","scheduling":{"tolerations":[{"key":"a","operator":"Exists"},{"key":"b","operator":"Exists"}]}})",
        {}},
       {R"({"handler":"h","scheduling":{"tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute"},
            {"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":3}]}})",
        {"scheduling.tolerations[1]: Duplicate value: {\"Key\":\"a\",\"Operator\":\"Exists\""}}});
}

TEST(PriorityClassRules, TheSystemsNamesAreItsOwnAndValuesStay) {
  expect_all<scheduling::PriorityClass>(
      validate_priority_class, {{R"({"metadata":{"name":"a"},"value":1000000001})",
                                 {"value: Forbidden: maximum allowed value of a user defined priority is 1000000000"}},
                                {R"({"metadata":{"name":"system-x"}})",
                                 {"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved "
                                  "for system use only. error: system-x is "
                                  "not a known system priority class"}},
                                {R"({"metadata":{"name":"system-node-critical"},"value":5})",
                                 {"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved "
                                  "for system use only. error: value of "
                                  "system-node-critical PriorityClass must be 2000001000"}},
                                {R"({"metadata":{"name":"a"},"value":2})",
                                 {"value: Forbidden: may not be changed in an update."},
                                 R"({"value":1})"}});
}

schema::FieldErrors flow_schema(const flowcontrol::FlowSchema& next, const flowcontrol::FlowSchema*) {
  return validate_flow_schema(next, nullptr);
}
schema::FieldErrors priority_level(const flowcontrol::PriorityLevelConfiguration& next,
                                   const flowcontrol::PriorityLevelConfiguration*) {
  return validate_priority_level(next, nullptr);
}

TEST(FlowSchemaRules, RulesNameSubjectsAndWhatTheyDo) {
  expect_all<flowcontrol::FlowSchema>(
      flow_schema,
      {{R"({"spec":{"matchingPrecedence":1,"distinguisherMethod":{"type":"X"},"priorityLevelConfiguration":{"name":"a"}}})",
        {"spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
         "spec.distinguisherMethod: Unsupported value: {\"Type\":\"X\"}: supported values: \"ByNamespace\", "
         "\"ByUser\""}},
       {R"({"spec":{"matchingPrecedence":9,"priorityLevelConfiguration":{"name":"a"},"rules":[{}]}})",
        {"spec.rules[0].subjects: Required value: subjects must contain at least one value",
         "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty"}},
       {R"({"spec":{"matchingPrecedence":9,"priorityLevelConfiguration":{"name":"a"},"rules":[{"subjects":[{"kind":"User"},
            {"kind":"Group","group":{"name":"g"},"user":{"name":"u"}}],"nonResourceRules":[{"verbs":["*","get"],"nonResourceURLs":["x"]}],
            "resourceRules":[{"verbs":["get"],"apiGroups":["*"],"resources":["*"]}]}]}})",
        {"spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
         "spec.rules[0].subjects[1].user: Forbidden: user is forbidden when subject kind is not 'User'",
         "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped",
         "spec.rules[0].nonResourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify "
         "other verbs",
         "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"x\": must start with slash"}}});
}

TEST(PriorityLevelRules, HandsAreNoLargerThanDecksNorThanTheirEntropy) {
  expect_all<flowcontrol::PriorityLevelConfiguration>(
      priority_level,
      {{R"({"spec":{"type":"Exempt"}})",
        {"spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"}},
       {R"({"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":128,"handSize":9,"queueLengthLimit":1}}}}})",
        {"spec.limited.limitResponse.queuing.handSize: Invalid value: 9: required entropy bits of deckSize 128 and "
         "handSize 9"}},
       {R"({"spec":{"type":"Limited","limited":{"limitResponse":{"type":"Reject","queuing":{}},"borrowingLimitPercent":-1}}})",
        {"spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited",
         "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer"}}});
}

TEST(FlowControlRules, MandatoryObjectsAreFixed) {
  auto schema = testing::object<flowcontrol::FlowSchema>(
      R"({"metadata":{"name":"catch-all"},"spec":{"matchingPrecedence":9,"priorityLevelConfiguration":{"name":"a"}}})");
  auto other = schema;
  other.spec.matching_precedence = 8;
  EXPECT_EQ(validate_flow_schema(schema, &schema.spec).size(), 0u);
  EXPECT_THAT(testing::texts(validate_flow_schema(other, &schema.spec)).at(0),
              ::testing::EndsWith("spec of 'catch-all' must equal the fixed value"));

  auto level = testing::object<flowcontrol::PriorityLevelConfiguration>(
      R"({"metadata":{"name":"exempt"},"spec":{"type":"Exempt","exempt":{"lendablePercent":0}}})");
  auto lends = level;
  lends.spec.exempt->lendable_percent = 5;
  EXPECT_EQ(validate_priority_level(lends, &level.spec).size(), 0u);
  lends.spec.limited.emplace().nominal_concurrency_shares = 3;
  EXPECT_THAT(testing::texts(validate_priority_level(lends, &level.spec)).back(),
              ::testing::EndsWith("spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"));
}

}  // namespace
}  // namespace apiserver
