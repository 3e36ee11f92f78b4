// May he? The seam between requests and the rules that allow them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apiserver/pipeline/identity.h"

namespace apiserver {

// What is asked, as upstream's authorizers see it.
struct AuthorizationAttributes {
  User user;
  std::string verb;  // "get", "list", "watch", ...; of other paths the HTTP method in lower case
  std::string api_group;
  std::string api_version;
  std::string resource;
  std::string subresource;
  std::string namespace_;  // "" for cluster-wide resources and for all namespaces
  std::string name;
  bool resource_request = false;  // else only `path` and `verb` count
  std::string path;
  // As sent, for list, watch and deletecollection.
  std::string field_selector;
  std::string label_selector;
  bool operator==(const AuthorizationAttributes&) const = default;
};

enum class Decision : uint8_t { Allow, Deny, NoOpinion };

struct Authorization {
  Decision decision = Decision::NoOpinion;
  std::string reason;  // for people; "" when there is nothing to say
  std::string error;   // what went wrong on the way to the decision; "" if nothing did
  bool allowed() const { return decision == Decision::Allow; }
};

// Safe from any thread.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // Decides without waiting; nothing if somebody outside has to be asked first.
  virtual std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const = 0;
  // Decides, asking whoever has to be asked. On the current loop; the authorizer outlives the task.
  virtual io::Task<Authorization> authorize(AuthorizationAttributes attributes) const;
};

}  // namespace apiserver
