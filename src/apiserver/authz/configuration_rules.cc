#include "apiserver/authz/configuration_rules.h"

#include <sys/stat.h>

#include <cstring>
#include <set>

#include "base/strings.h"
#include "base/time.h"
#include "schema/names.h"

namespace apiserver {
namespace {

namespace config = api::apiserver_config_k8s_io_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

const std::vector<std::string> kTypes = {"AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"};
constexpr int64_t kTimeoutMaxNs = 30'000'000'000;

void check_choice(FieldErrors& errors, const FieldPath& path, const std::string& value,
                  const std::vector<std::string>& choices) {
  if (value.empty()) {
    errors.push_back(FieldError::required(path));
  } else if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    errors.push_back(FieldError::not_supported(path, value, choices));
  }
}

void check_span(FieldErrors& errors, const FieldPath& path, schema::Duration span) {
  if (span.ns == 0) {
    errors.push_back(FieldError::required(path));
  } else if (span.ns < 0) {
    errors.push_back(FieldError::invalid(path, base::format_duration(span.ns), "must be > 0s"));
  }
}

void check_file(FieldErrors& errors, const FieldPath& path, const std::string& file) {
  struct stat found{};
  if (file.empty()) {
    errors.push_back(FieldError::required(path));
  } else if (file.front() != '/') {
    errors.push_back(FieldError::invalid(path, file, "must be an absolute path"));
  } else if (stat(file.c_str(), &found) != 0) {
    auto why = base::to_lower(strerror(errno));
    errors.push_back(FieldError::invalid(path, file, base::cat({"error loading file: stat ", file, ": ", why})));
  } else if (!S_ISREG(found.st_mode)) {
    errors.push_back(FieldError::invalid(path, file, "must be a regular file"));
  }
}

void check_connection(FieldErrors& errors, const FieldPath& path, const config::WebhookConnectionInfo& info) {
  check_choice(errors, path.child("type"), info.type, {"InClusterConfig", "KubeConfigFile"});
  auto file = path.child("kubeConfigFile");
  if (info.type == "InClusterConfig" && info.kube_config_file)
    errors.push_back(FieldError::invalid(file, *info.kube_config_file, "can only be set when type=KubeConfigFile"));
  if (info.type == "KubeConfigFile") check_file(errors, file, info.kube_config_file.value_or(""));
}

void check_webhook(FieldErrors& errors, const FieldPath& path, const config::WebhookConfiguration& webhook) {
  if (webhook.timeout.ns == 0) {
    errors.push_back(FieldError::required(path.child("timeout")));
  } else if (webhook.timeout.ns < 0 || webhook.timeout.ns > kTimeoutMaxNs) {
    errors.push_back(FieldError::invalid(path.child("timeout"), base::format_duration(webhook.timeout.ns),
                                         "must be > 0s and <= 30s"));
  }
  check_span(errors, path.child("authorizedTTL"), webhook.authorized_ttl);
  check_span(errors, path.child("unauthorizedTTL"), webhook.unauthorized_ttl);
  check_choice(errors, path.child("subjectAccessReviewVersion"), webhook.subject_access_review_version,
               {"v1", "v1beta1"});
  auto version = path.child("matchConditionSubjectAccessReviewVersion");
  const auto& judged = webhook.match_condition_subject_access_review_version;
  if (judged.empty() && !webhook.match_conditions.empty())
    errors.push_back(FieldError::required(version, "required if match conditions are specified"));
  if (!judged.empty() && judged != "v1") errors.push_back(FieldError::not_supported(version, judged, {"v1"}));
  check_choice(errors, path.child("failurePolicy"), webhook.failure_policy, {"Deny", "NoOpinion"});
  check_connection(errors, path.child("connectionInfo"), webhook.connection_info);
}

}  // namespace

FieldErrors check_authorizers(const config::AuthorizationConfiguration& configuration) {
  FieldErrors errors;
  FieldPath list("authorizers");
  if (configuration.authorizers.empty())
    errors.push_back(FieldError::required(list, "at least one authorization mode must be defined"));
  std::set<std::string> types, names;
  for (size_t i = 0; i < configuration.authorizers.size(); ++i) {
    const auto& one = configuration.authorizers[i];
    auto path = list.index(i);
    check_choice(errors, path.child("type"), one.type, kTypes);
    if (!types.insert(one.type).second && one.type != "Webhook")
      errors.push_back(FieldError::duplicate(path.child("type"), one.type));
    if (one.name.empty()) {
      errors.push_back(FieldError::required(path.child("name")));
    } else if (!names.insert(one.name).second) {
      errors.push_back(FieldError::duplicate(path.child("name"), one.name));
    } else if (auto problems = schema::check_dns1123_subdomain(one.name); !problems.empty()) {
      errors.push_back(FieldError::invalid(path.child("name"), one.name,
                                           base::cat({"authorizer name is invalid: ", base::join(problems, ", ")})));
    }
    if (one.type != "Webhook") {
      if (one.webhook)
        errors.push_back(
            FieldError::invalid(path.child("webhook"), "non-null", "may only be specified when type=Webhook"));
    } else if (!one.webhook) {
      errors.push_back(FieldError::required(path.child("webhook"), "required when type=Webhook"));
    } else {
      check_webhook(errors, path.child("webhook"), *one.webhook);
    }
  }
  return errors;
}

}  // namespace apiserver
