// Settings, secrets, accounts, and what bounds a namespace.

#include "apiserver/registry/validation/config.h"

#include "api/core_v1.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/strategy/typed.h"
#include "apiserver/registry/validation/key_pair_warning.h"
#include "apiserver/registry/validation/quota.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

class SecretStrategy final : public Typed<core::Secret> {
 public:
  Traits traits() const override { return {.update_checks_whole_metadata = true}; }

 protected:
  void born(const Situation&, core::Secret& next) const override { fold_string_data(next); }
  void changed(const Situation&, core::Secret& next, const core::Secret& current) const override {
    if (next.type.empty()) next.type = current.type;
    fold_string_data(next);
  }
  FieldErrors check(const Situation&, const core::Secret& next, const core::Secret* current) const override {
    return validate_secret(next, current);
  }
  void notice(const Situation& situation, const core::Secret& next, const core::Secret*) const override {
    if (next.type != "kubernetes.io/tls") return;
    auto certificate = next.data.find("tls.crt");
    auto key = next.data.find("tls.key");
    if (certificate == next.data.end() || key == next.data.end()) return;
    if (auto problem = key_pair_problem(certificate->second, key->second); !problem.empty()) {
      situation.warnings.push_back(std::move(problem));
    }
  }

 private:
  // stringData is for writing only.
  static void fold_string_data(core::Secret& secret) {
    for (auto& [key, value] : secret.string_data) secret.data[key] = value;
    secret.string_data.clear();
  }
};

class ServiceAccountStrategy final : public Typed<core::ServiceAccount> {
 public:
  Traits traits() const override { return {.returns_deleted_object = true, .update_checks_whole_metadata = true}; }

 protected:
  void born(const Situation&, core::ServiceAccount& next) const override { keep_names_only(next); }
  void changed(const Situation&, core::ServiceAccount& next, const core::ServiceAccount&) const override {
    keep_names_only(next);
  }
  void notice(const Situation& situation, const core::ServiceAccount& next,
              const core::ServiceAccount* current) const override {
    constexpr std::string_view kEnforce = "kubernetes.io/enforce-mountable-secrets";
    if (!next.metadata.annotations.contains(kEnforce)) return;
    if (current != nullptr && current->metadata.annotations.contains(kEnforce)) return;
    situation.warnings.emplace_back(
        "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate "
        "namespaces to isolate "
        "access to mounted secrets");
  }

 private:
  static void keep_names_only(core::ServiceAccount& account) {
    for (auto& secret : account.secrets) {
      core::ObjectReference reference;
      reference.name = std::move(secret.name);
      secret = std::move(reference);
    }
  }
};

class ResourceQuotaStrategy final : public Typed<core::ResourceQuota> {
 public:
  Traits traits() const override { return {.returns_deleted_object = true}; }

 protected:
  FieldErrors check(const Situation&, const core::ResourceQuota& next,
                    const core::ResourceQuota* current) const override {
    return validate_resource_quota(next, current);
  }
  FieldErrors check_status(const Situation&, const core::ResourceQuota& next,
                           const core::ResourceQuota&) const override {
    return validate_resource_quota_status(next);
  }
};

FieldErrors check_limit_range(const core::LimitRange& next, const core::LimitRange*) {
  return validate_limit_range(next);
}

}  // namespace

void add_config_strategies(StrategyMap& all) {
  all["configmaps"] =
      std::make_unique<Ruled<core::ConfigMap>>(Traits{.update_checks_whole_metadata = true}, validate_config_map);
  all["secrets"] = std::make_unique<SecretStrategy>();
  all["serviceaccounts"] = std::make_unique<ServiceAccountStrategy>();
  all["resourcequotas"] = std::make_unique<ResourceQuotaStrategy>();
  all["limitranges"] = std::make_unique<Ruled<core::LimitRange>>(Traits{.create_on_update = true}, check_limit_range);
}

}  // namespace apiserver
