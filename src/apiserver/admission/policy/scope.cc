#include "apiserver/admission/policy/scope.h"

#include <algorithm>

#include "base/strings.h"
#include "schema/json.h"

namespace apiserver::admission_policy {
namespace {

namespace registration = api::admissionregistration_k8s_io_v1;
using Rules = std::vector<registration::NamedRuleWithOperations>;

// Those of the rules that name the object, or none in particular.
Rules about(const Rules& rules, std::string_view name) {
  Rules kept;
  for (const auto& rule : rules) {
    const auto& names = rule.resource_names;
    if (names.empty() || std::find(names.begin(), names.end(), name) != names.end()) kept.push_back(rule);
  }
  return kept;
}

ServedRef find_kind(const Catalog& catalog, const registration::ParamKind& kind) {
  auto slash = kind.api_version.find('/');
  std::string_view whole = kind.api_version;
  std::string_view group = slash == std::string::npos ? std::string_view() : whole.substr(0, slash);
  std::string_view version = slash == std::string::npos ? whole : whole.substr(slash + 1);
  for (const auto& served : catalog.built_in()) {
    const auto& row = served->row();
    if (row.kind == kind.kind && row.group == group && row.version == version && served->is_stored()) return served;
  }
  auto kinds = catalog.custom();
  const Served* custom = kinds->of_kind(group, version, kind.kind);
  return custom == nullptr ? nullptr : custom->shared_from_this();
}

base::Result<schema::Value> tree_of(const schema::Object& object) {
  return schema::Value::parse(schema::to_json(object));
}

io::Task<base::Result<std::vector<schema::Object>>> select(const Served& served, std::string namespace_,
                                                           const registration::ParamRef& reference,
                                                           const Reader& reader) {
  std::vector<schema::Object> found;
  if (!reference.name.empty()) {
    auto object = co_await reader.get_object(served, namespace_, reference.name);
    if (object) {
      found.push_back(std::move(*object));
    } else if (object.error().code() != base::Code::NotFound) {
      co_return base::fail(object.error());
    }
    co_return found;
  }
  schema::LabelSelector selector;
  if (reference.selector) {
    CO_TRY(selector, schema::LabelSelector::from(*reference.selector));
  }
  CO_TRY(auto page, co_await reader.store().list(served.prefix(namespace_), {}));
  for (const auto& entry : page.entries) {
    CO_TRY(auto object, served.decode(*entry));
    if (selector.matches(object.meta().labels)) found.push_back(std::move(object));
  }
  co_return found;
}

}  // namespace

Scope::Scope(const schema::Box<registration::MatchResources>& resources) {
  if (!resources) return;
  everything_ = false;
  rules_ = resources->resource_rules;
  excluded_ = resources->exclude_resource_rules;
  exact_ = resources->match_policy && *resources->match_policy == "Exact";
  auto selectors = Selectors::from(resources->namespace_selector, resources->object_selector);
  if (selectors) {
    selectors_ = std::move(*selectors);
  } else {
    broken_ = selectors.error().message();
  }
}

io::Task<base::Result<ServedRef>> Scope::match(const Attempt& attempt) const {
  if (everything_) co_return attempt.served.shared_from_this();
  if (!broken_.empty()) co_return base::fail(base::Code::Invalid, broken_);
  if (match_rules(about(excluded_, attempt.name), exact_, attempt) != nullptr) co_return nullptr;
  // A binding without rules narrows by its selectors alone.
  ServedRef version =
      rules_.empty() ? attempt.served.shared_from_this() : match_rules(about(rules_, attempt.name), exact_, attempt);
  if (version == nullptr) co_return nullptr;
  CO_TRY(bool selected, co_await selectors_.match(attempt));
  co_return selected ? version : ServedRef();
}

io::Task<base::Result<std::vector<schema::Value>>> params_of(const schema::Box<registration::ParamKind>& kind,
                                                             const schema::Box<registration::ParamRef>& reference,
                                                             const Attempt& attempt) {
  std::vector<schema::Value> params;
  if (!kind || !reference) {
    params.emplace_back();
    co_return params;
  }
  ServedRef served = find_kind(attempt.reader.catalog(), *kind);
  if (served == nullptr) {
    co_return base::fail(base::Code::Invalid,
                         base::cat({"paramKind kind `", kind->api_version, ", Kind=", kind->kind, "` not known"}));
  }
  std::string namespace_;
  if (served->row().namespaced) {
    namespace_ = reference->namespace_.empty() ? std::string(attempt.namespace_) : reference->namespace_;
    if (namespace_.empty()) {
      co_return base::fail(base::Code::Invalid,
                           "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
    }
  } else if (!reference->namespace_.empty()) {
    co_return base::fail(base::Code::Invalid,
                         "paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  CO_TRY(auto objects, co_await select(*served, namespace_, *reference, attempt.reader));
  if (objects.empty() && (!reference->parameter_not_found_action || *reference->parameter_not_found_action == "Deny")) {
    co_return base::fail(base::Code::Invalid, "no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  for (const auto& object : objects) {
    CO_TRY(auto tree, tree_of(object));
    params.push_back(std::move(tree));
  }
  co_return params;
}

}  // namespace apiserver::admission_policy
