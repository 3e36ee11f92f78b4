#include "controller/validatingadmissionpolicy_status/validatingadmissionpolicy_status.h"

#include "api/apiextensions_k8s_io_v1.h"
#include "client/queue.h"
#include "controller/validatingadmissionpolicy_status/type_check.h"
#include "schema/json.h"
#include "schema/resource.h"
#include "schema/value.h"

namespace controller {
namespace {

using api::admissionregistration_k8s_io_v1::ValidatingAdmissionPolicy;
using api::apiextensions_k8s_io_v1::CustomResourceDefinition;
using api::apiextensions_k8s_io_v1::CustomResourceDefinitionVersion;
using base::Code;
using base::Result;
using client::Key;
using policy_status::KindName;
using policy_status::Schemas;

constexpr std::string_view kName = "validatingadmissionpolicy-status";

class PolicyStatus final : public Controller {
 public:
  explicit PolicyStatus(Context& context)
      : context_(context),
        policies_(context.caches.of<ValidatingAdmissionPolicy>()),
        definitions_(context.caches.of<CustomResourceDefinition>()),
        queue_(context.random) {
    policies_.add_listener([this](const Key& key, const ValidatingAdmissionPolicy*, const auto* now) {
      if (now != nullptr && now->metadata.generation > now->status.observed_generation) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    co_await policies_.wait_synced();
    co_await definitions_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto policy = policies_.get(key);
    if (!policy || policy->metadata.generation <= policy->status.observed_generation) co_return {};
    ValidatingAdmissionPolicy checked = *policy;
    checked.status.observed_generation = policy->metadata.generation;
    checked.status.type_checking.emplace().expression_warnings = policy_status::check_types(
        policy->spec, {.kind_of = [this](const auto& group, const auto& version,
                                         const auto& resource) { return kind_of(group, version, resource); },
                       .declaration_of = [this](const KindName& kind) { return declaration_of(kind); }});
    auto updated = co_await context_.client.update_status(std::move(checked));
    if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    co_return {};
  }

  // The served version of a definition for which `fits` holds; null when there is none.
  template <class Fits>
  std::pair<std::shared_ptr<const CustomResourceDefinition>, const CustomResourceDefinitionVersion*> find(
      const std::string& group, const std::string& version, Fits fits) const {
    for (const auto& definition : definitions_.list()) {
      if (definition->spec.group != group || !fits(definition->status.accepted_names)) continue;
      for (const auto& one : definition->spec.versions) {
        if (one.served && one.name == version) return {definition, &one};
      }
    }
    return {};
  }

  std::optional<KindName> kind_of(const std::string& group, const std::string& version,
                                  const std::string& resource) const {
    for (const schema::Resource& row : schema::resources()) {
      if (row.group == group && row.version == version && row.plural == resource) {
        return KindName{group, version, std::string(row.kind)};
      }
    }
    auto [definition, found] = find(group, version, [&](const auto& names) { return names.plural == resource; });
    if (found == nullptr) return std::nullopt;
    return KindName{group, version, definition->status.accepted_names.kind};
  }

  cel::DeclarationRef declaration_of(const KindName& kind) const {
    for (const schema::Resource& row : schema::resources()) {
      if (row.group == kind.group && row.version == kind.version && row.kind == kind.kind) {
        return cel::declare(*row.type);
      }
    }
    auto [definition, found] =
        find(kind.group, kind.version, [&](const auto& names) { return names.kind == kind.kind; });
    if (found == nullptr || !found->schema || !found->schema->open_api_v3_schema) return nullptr;
    auto tree = schema::Value::parse(schema::to_json(*found->schema->open_api_v3_schema));
    if (!tree) return nullptr;
    return cel::declare(*tree, {.resource_root = true, .type_name = kind.kind});
  }

  Context& context_;
  client::Cache<ValidatingAdmissionPolicy>& policies_;
  client::Cache<CustomResourceDefinition>& definitions_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_validatingadmissionpolicy_status_controller(Context& context) {
  return std::make_unique<PolicyStatus>(context);
}

}  // namespace controller
