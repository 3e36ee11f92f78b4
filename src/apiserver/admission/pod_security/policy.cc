#include "apiserver/admission/pod_security/policy.h"

#include <optional>

#include "base/strings.h"

namespace apiserver::pod_security {
namespace {

std::optional<Level> parse_level(std::string_view text) {
  if (text == "privileged") return Level::Privileged;
  if (text == "baseline") return Level::Baseline;
  if (text == "restricted") return Level::Restricted;
  return std::nullopt;
}

std::optional<Version> parse_version(std::string_view text) {
  if (text == "latest") return Version{};
  if (!text.starts_with("v1.")) return std::nullopt;
  auto digits = text.substr(3);
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0') ||
      digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  auto minor = base::parse_int(digits);
  if (!minor || *minor >= Version::kLatest) return std::nullopt;
  return Version{static_cast<int>(*minor)};
}

}  // namespace

std::string Standard::to_string() const {
  std::string_view name = level == Level::Privileged ? "privileged"
                          : level == Level::Baseline ? "baseline"
                                                     : "restricted";
  return base::cat(
      {name, ":", version == Version{} ? std::string("latest") : base::cat({"v1.", std::to_string(version.minor)})});
}

Policy read_policy(const Labels& labels, const Policy& defaults, schema::FieldErrors& errors) {
  Policy policy = defaults;
  auto read = [&](std::string_view mode, Standard& standard, std::optional<Level> unreadable) {
    schema::FieldPath path = schema::FieldPath("metadata").child("labels");
    std::string key = base::cat({"pod-security.kubernetes.io/", mode});
    if (auto label = labels.find(key); label != labels.end()) {
      auto level = parse_level(label->second);
      if (!level) {
        errors.push_back(schema::FieldError::invalid(path.key(key), label->second,
                                                     "must be one of privileged, baseline, restricted"));
        level = unreadable;
      }
      if (level) standard.level = *level;
      // A level without a version is one of the newest rules, whatever the defaults say.
      if (level && standard.level != Level::Privileged) standard.version = {};
    }
    key += "-version";
    if (auto label = labels.find(key); label != labels.end()) {
      auto version = parse_version(label->second);
      if (!version)
        errors.push_back(schema::FieldError::invalid(path.key(key), label->second, R"(must be "latest" or "v1.x")"));
      standard.version = version.value_or(Version{});
    }
  };
  read("enforce", policy.enforce, Level::Restricted);
  read("audit", policy.audit, std::nullopt);
  read("warn", policy.warn, std::nullopt);
  return policy;
}

}  // namespace apiserver::pod_security
