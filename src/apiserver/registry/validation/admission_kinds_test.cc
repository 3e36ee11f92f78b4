#include "apiserver/registry/validation/admission_policy.h"
#include "apiserver/registry/validation/api_service.h"
#include "apiserver/registry/validation/certificate_request.h"
#include "apiserver/registry/validation/endpoint_slice.h"
#include "apiserver/registry/validation/event.h"
#include "apiserver/registry/validation/testing.h"
#include "apiserver/registry/validation/webhook.h"

namespace apiserver {
namespace {

namespace admission = api::admissionregistration_k8s_io_v1;
namespace discovery = api::discovery_k8s_io_v1;
using testing::expect_all;
using testing::object;
using testing::texts;

std::string hook(std::string_view client, std::string_view rest = "") {
  return R"({"webhooks":[{"name":"a.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{)" +
         std::string(client) + "}" + std::string(rest) + "}]}";
}

TEST(WebhookRules, AUrlIsHttpsAndNothingButHostAndPath) {
  expect_all<admission::ValidatingWebhookConfiguration>(
      validate_webhooks,
      {{hook(R"("url":"https://x/y")"), {}},
       {hook(R"("url":"https://u:p@x/y?a=b#c")"),
        {"webhooks[0].clientConfig.url: Invalid value: \"u:p\": user information is not permitted in the URL",
         "webhooks[0].clientConfig.url: Invalid value: \"c\": fragments are not permitted in the URL",
         "webhooks[0].clientConfig.url: Invalid value: \"a=b\": query parameters are not permitted in the URL"}},
       {hook(R"("url":"http://")"),
        {"webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme",
         "webhooks[0].clientConfig.url: Invalid value: \"\": host must be specified"}},
       {hook(R"("service":{"name":"","namespace":"n","port":0,"path":"/a//B"})"),
        {"webhooks[0].clientConfig.service.name: Required value: service name is required",
         "webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, "
         "inclusive",
         "webhooks[0].clientConfig.service.path: Invalid value: \"/a//B\": segment[1] may not be empty",
         "webhooks[0].clientConfig.service.path: Invalid value: \"/a//B\": segment[2]: a lowercase RFC 1123 "
         "subdomain"}}});
}

TEST(WebhookRules, WildcardsStandAlone) {
  expect_all<admission::ValidatingWebhookConfiguration>(
      validate_webhooks,
      {{hook(
            R"("url":"https://x")",
            R"(,"rules":[{"operations":["*","CREATE"],"apiGroups":["a"],"apiVersions":[""],"resources":["pods/*","pods/log","*/*"]}])"),
        {"webhooks[0].rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify "
         "other operations",
         "webhooks[0].rules[0].apiVersions[0]: Required value",
         "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify "
         "pods/log",
         "webhooks[0].rules[0].resources: Invalid value: [\"pods/*\",\"pods/log\",\"*/*\"]: if '*/*' is present, must "
         "not specify other "
         "resources"}}});
}

TEST(WebhookRules, WhatWasLetInBeforeStays) {
  const char* old = R"({"webhooks":[{"name":"a.example.com","sideEffects":"Some","admissionReviewVersions":["v9"],
                             "clientConfig":{"url":"https://x"}}]})";
  expect_all<admission::ValidatingWebhookConfiguration>(
      validate_webhooks,
      {{old,
        {"webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
         "webhooks[0].admissionReviewVersions: Invalid value: [\"v9\"]: must include at least one of v1, v1beta1"}},
       {old, {}, old}});
}

TEST(AdmissionPolicyRules, PoliciesMatchSomethingAndSaySomething) {
  EXPECT_THAT(
      texts(validate_policy(object<admission::ValidatingAdmissionPolicy>(R"({"spec":{"failurePolicy":"Fail"}})"))),
      ::testing::ElementsAre(
          "spec.matchConstraints: Required value",
          "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
          "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"));
  EXPECT_THAT(
      texts(validate_policy_binding(object<admission::ValidatingAdmissionPolicyBinding>(
          R"({"spec":{"policyName":"p","validationActions":["Deny","Warn","Deny"],"paramRef":{"name":"a","selector":{}}}})"))),
      ::testing::ElementsAre(
          "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
          "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
          "spec.paramRef.parameterNotFoundAction: Required value",
          "spec.validationActions[2]: Duplicate value: \"Deny\"",
          ::testing::StartsWith("spec.validationActions: Invalid value: [\"Deny\",\"Warn\",\"Deny\"]: must not")));
}

TEST(AdmissionPolicyRules, ExpressionsCompileAndGiveWhatIsAsked) {
  auto policy = object<admission::ValidatingAdmissionPolicy>(
      R"({"metadata":{"name":"p"},"spec":{"failurePolicy":"Fail","matchConstraints":{"matchPolicy":"Exact","namespaceSelector":{},
          "objectSelector":{},"resourceRules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["*"]}]},
          "matchConditions":[{"name":"c","expression":"request.name"}],
          "variables":[{"name":"n","expression":"1"},{"name":"m","expression":"variables.n + 1"}],
          "validations":[{"expression":"variables.m"},{"expression":"params.x"},{"expression":"true","messageExpression":"1"}],
          "auditAnnotations":[{"key":"k","valueExpression":"1"}]}})");
  EXPECT_THAT(
      texts(validate_policy(policy)),
      ::testing::ElementsAre(
          "spec.matchConditions[0].expression: Invalid value: \"request.name\": must evaluate to bool but got string",
          "spec.validations[0].expression: Invalid value: \"variables.m\": must evaluate to bool but got int",
          ::testing::StartsWith(
              "spec.validations[1].expression: Invalid value: \"params.x\": compilation failed: ERROR: "
              "<input>:1:1: undeclared reference to 'params'"),
          "spec.validations[2].messageExpression: Invalid value: \"1\": must evaluate to string but got int",
          "spec.auditAnnotations[0].valueExpression: Invalid value: \"1\": must evaluate to one of [string null_type] "
          "but "
          "got int"));
}

TEST(EndpointSliceRules, AddressesAreOfTheSlicesFamily) {
  expect_all<discovery::EndpointSlice>(
      validate_endpoint_slice,
      {{R"({"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["fd00::1"]},{"addresses":["127.0.0.1"]},{}],
            "ports":[{"name":"a","protocol":"TCP"},{"name":"a"}]})",
        {"endpoints[1].addresses: Invalid value: \"fd00::1\": must be an IPv4 address",
         "endpoints[2].addresses[0]: Invalid value: \"127.0.0.1\"",
         "endpoints[3].addresses: Required value: must contain at least 1 address",
         "ports[1].name: Duplicate value: \"a\"", "ports[1].protocol: Required value"}},
       {R"({"addressType":"FQDN","endpoints":[{"addresses":["a"]}]})",
        {"endpoints[0].addresses[0]: Invalid value: \"a\": should be a domain with at least two segments separated by "
         "dots"}},
       {R"({"addressType":"IPv6"})",
        {"addressType: Invalid value: \"IPv6\": field is immutable"},
        R"({"addressType":"IPv4"})"}});
}

TEST(EventRules, TheNewerRoadAsksForMoreAndLetsNothingButTheSeriesChange) {
  using Event = api::core_v1::Event;
  auto old = object<Event>(R"({"metadata":{"namespace":"a"},"involvedObject":{"namespace":"a"},"type":"Odd"})");
  EXPECT_THAT(texts(validate_event(old, nullptr, EventRoad::Core)), ::testing::IsEmpty());
  EXPECT_THAT(texts(validate_event(old, nullptr, EventRoad::Events)),
              ::testing::ElementsAre("eventTime: Required value", "type: Invalid value: \"\": has invalid value: Odd"));
  auto changed = old;
  changed.reason = "New";
  changed.series.emplace();
  EXPECT_THAT(texts(validate_event(changed, &old, EventRoad::Events)),
              ::testing::ElementsAre("series.count: Invalid value: \"\": should be at least 2",
                                     "series.lastObservedTime: Required value",
                                     "reason: Invalid value: \"New\": field is immutable",
                                     "reason: Invalid value: \"New\": field is immutable"));
}

TEST(CertificateRequestRules, VerdictsComeThroughApprovalAndStay) {
  using Request = api::certificates_k8s_io_v1::CertificateSigningRequest;
  auto open = object<Request>("{}");
  auto approved = object<Request>(R"({"status":{"conditions":[{"type":"Approved","status":"True"}]}})");
  EXPECT_THAT(texts(validate_certificate_request_update(approved, open, RequestPart::Approval)), ::testing::IsEmpty());
  EXPECT_THAT(
      texts(validate_certificate_request_update(approved, open, RequestPart::Status)),
      ::testing::ElementsAre("status.conditions: Forbidden: updates may not add a condition of type \"Approved\""));
  EXPECT_THAT(
      texts(validate_certificate_request_update(open, approved, RequestPart::Approval)),
      ::testing::ElementsAre("status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""));
  auto request =
      object<Request>(R"({"spec":{"request":"eA==","signerName":"a.b/C","usages":["x","x"],"expirationSeconds":5}})");
  EXPECT_THAT(
      texts(validate_certificate_request(request)),
      ::testing::ElementsAre("spec.request: Invalid value: \"eA==\": PEM block type must be CERTIFICATE REQUEST",
                             ::testing::StartsWith("spec.usages[0]: Unsupported value: \"x\""),
                             ::testing::StartsWith("spec.usages[1]: Unsupported value: \"x\""),
                             "spec.usages[1]: Duplicate value: \"x\"",
                             ::testing::StartsWith("spec.signerName: Invalid value: \"C\": validating label \"C\": "),
                             ::testing::StartsWith("spec.expirationSeconds: Invalid value: 5: may not specify")));
}

TEST(ApiServiceRules, TheNameIsVersionAndGroup) {
  using Service = api::apiregistration_k8s_io_v1::APIService;
  auto service = object<Service>(
      R"({"metadata":{"name":"x"},"spec":{"group":"g.io","version":"v1","groupPriorityMinimum":1,"versionPriority":1,
                                     "insecureSkipTLSVerify":true}})");
  EXPECT_THAT(texts(validate_api_service(service)),
              ::testing::ElementsAre(
                  "metadata.name: Invalid value: \"x\": must be `spec.version+\".\"+spec.group`: \"v1.g.io\"",
                  "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have "
                  "insecureSkipTLSVerify"));
}

}  // namespace
}  // namespace apiserver
