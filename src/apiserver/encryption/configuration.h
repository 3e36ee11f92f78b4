// The EncryptionConfiguration of apiserver.config.k8s.io/v1: which resources are sealed with what.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/apiserver_config_k8s_io_v1.h"
#include "apiserver/encryption/key_source.h"
#include "apiserver/encryption/kms.h"
#include "base/result.h"
#include "schema/field_error.h"

namespace apiserver::encryption {

using EncryptionConfiguration = api::apiserver_config_k8s_io_v1::EncryptionConfiguration;

struct GroupResource {
  std::string group;
  std::string resource;
  auto operator<=>(const GroupResource&) const = default;
  // "deployments.apps", "secrets", "*.".
  static GroupResource parse(std::string_view text);
};

// What the values of a resource are sealed with: the first way, and those that open what there is already.
struct Ways {
  std::vector<std::shared_ptr<const KeySource>> sources;  // null: identity
  bool reads_plain() const;
};

// A configuration made ready for use. Constant.
struct Rules {
  std::map<GroupResource, Ways> ways;
  std::vector<std::shared_ptr<KeyService>> services;
  // Null: kept as it is.
  const Ways* find(const GroupResource& resource) const;
};

// BadRequest for what is no such document, or breaks a rule. `text` is YAML or JSON; no message shows a secret of it.
base::Result<EncryptionConfiguration> read_configuration(std::string_view text);
schema::FieldErrors check_configuration(const EncryptionConfiguration& configuration);
// Of a configuration that was checked. On the loop that is to carry the connections to key services.
base::Result<std::shared_ptr<const Rules>> make_rules(const EncryptionConfiguration& configuration, base::Clock& clock,
                                                      const EncryptionMetrics& metrics);

}  // namespace apiserver::encryption
