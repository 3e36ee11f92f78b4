// What a namespace's labels ask of its pods. Kubernetes documentation, "Pod Security Admission", "Pod Security
// Standards".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "schema/field_error.h"

namespace apiserver::pod_security {

enum class Level : uint8_t { Privileged, Baseline, Restricted };

// The minor version of the rules; the newest for "latest".
struct Version {
  static constexpr int kLatest = 1 << 30;
  int minor = kLatest;
  bool operator==(const Version&) const = default;
};

// A level of the rules of a version: "baseline:v1.30", "restricted:latest".
struct Standard {
  Level level = Level::Privileged;
  Version version;
  std::string to_string() const;
  bool operator==(const Standard&) const = default;
};

struct Policy {
  Standard enforce;
  Standard audit;
  Standard warn;
  bool is_privileged() const {
    return enforce.level == Level::Privileged && audit.level == Level::Privileged && warn.level == Level::Privileged;
  }
};

using Labels = std::map<std::string, std::string, std::less<>>;

// What cannot be read is told in `errors` and restricts as much as can be: an unreadable level is "restricted" where it
// is enforced and leaves audit and warnings as they were.
Policy read_policy(const Labels& labels, const Policy& defaults, schema::FieldErrors& errors);

}  // namespace apiserver::pod_security
