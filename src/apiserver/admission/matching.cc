#include "apiserver/admission/matching.h"

#include <algorithm>

#include "api/core_v1.h"

namespace apiserver {
namespace {

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one == "*" || one == text; });
}

// "pods", "pods/status", "pods/*", "*", "*/*", "*/scale".
bool resource_matches(std::string_view pattern, std::string_view resource, std::string_view subresource) {
  auto slash = pattern.find('/');
  auto first = pattern.substr(0, slash);
  auto second = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
  return (first == "*" || first == resource) && (second == "*" || second == subresource);
}

}  // namespace

bool rule_matches(const api::admissionregistration_k8s_io_v1::RuleWithOperations& rule, const Attempt& attempt,
                  const Served& served) {
  const auto& row = served.row();
  std::string_view scope = rule.scope ? std::string_view(*rule.scope) : "*";
  if (scope == "Namespaced" && !row.namespaced) return false;
  if (scope == "Cluster" && row.namespaced) return false;
  if (!has(rule.operations, operation_name(attempt.operation)) || !has(rule.api_groups, row.group) ||
      !has(rule.api_versions, row.version)) {
    return false;
  }
  return std::any_of(rule.resources.begin(), rule.resources.end(),
                     [&](const auto& pattern) { return resource_matches(pattern, row.plural, attempt.subresource); });
}

bool is_exempt(const Attempt& attempt) {
  const auto& row = attempt.served.row();
  return row.group == "admissionregistration.k8s.io";
}

std::vector<ServedRef> versions_of(const Attempt& attempt) {
  std::vector<ServedRef> versions = {attempt.served.shared_from_this()};
  if (!attempt.served.is_stored()) return versions;
  std::string prefix = attempt.served.prefix("");
  auto look = [&](const ServedRef& other) {
    if (other.get() != &attempt.served && other->is_stored() && other->prefix("") == prefix) versions.push_back(other);
  };
  const Catalog& catalog = attempt.reader.catalog();
  for (const auto& other : catalog.built_in()) look(other);
  for (const auto& [name, other] : catalog.custom()->served()) look(other);
  return versions;
}

base::Result<Selectors> Selectors::from(const schema::Box<api::meta_v1::LabelSelector>& namespaces,
                                        const schema::Box<api::meta_v1::LabelSelector>& objects) {
  Selectors selectors;
  if (namespaces) {
    TRY(selectors.namespaces, schema::LabelSelector::from(*namespaces));
  }
  if (objects) {
    TRY(selectors.objects, schema::LabelSelector::from(*objects));
  }
  return selectors;
}

io::Task<base::Result<bool>> Selectors::match(const Attempt& attempt) const {
  if (!objects.is_everything()) {
    auto fits = [&](const schema::Object* object) {
      return object != nullptr && object->has_meta() && objects.matches(object->meta().labels);
    };
    if (!fits(attempt.object) && !fits(attempt.current)) co_return false;
  }
  if (namespaces.is_everything()) co_return true;
  if (attempt.is("namespaces")) {
    const schema::Object* space =
        attempt.operation == Operation::Delete || attempt.object == nullptr ? attempt.current : attempt.object;
    co_return space != nullptr&& namespaces.matches(space->meta().labels);
  }
  if (attempt.namespace_.empty()) co_return true;
  CO_TRY(auto space, co_await attempt.reader.look<api::core_v1::Namespace>("", std::string(attempt.namespace_)));
  co_return namespaces.matches(space->metadata.labels);
}

}  // namespace apiserver
