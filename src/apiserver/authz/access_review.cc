#include "apiserver/authz/access_review.h"

#include "base/strings.h"
#include "schema/selector.h"

namespace apiserver {
namespace {

namespace authorization = api::authorization_k8s_io_v1;
namespace meta = api::meta_v1;
using Operator = schema::Requirement::Operator;

std::vector<meta::FieldSelectorRequirement> field_requirements(std::string_view text) {
  std::vector<meta::FieldSelectorRequirement> made;
  auto selector = schema::FieldSelector::parse(text);
  if (!selector) return made;
  for (const auto& term : selector->terms()) made.push_back({term.field, term.equal ? "In" : "NotIn", {term.value}});
  return made;
}

std::vector<meta::LabelSelectorRequirement> label_requirements(std::string_view text) {
  std::vector<meta::LabelSelectorRequirement> made;
  auto selector = schema::LabelSelector::parse(text);
  if (!selector) return made;
  for (const auto& term : selector->requirements()) {
    switch (term.op) {
      case Operator::In:
      case Operator::Equals:
      case Operator::DoubleEquals:
        made.push_back({term.key, "In", term.values});
        break;
      case Operator::NotIn:
      case Operator::NotEquals:
        made.push_back({term.key, "NotIn", term.values});
        break;
      case Operator::Exists:
        made.push_back({term.key, "Exists", {}});
        break;
      case Operator::DoesNotExist:
        made.push_back({term.key, "DoesNotExist", {}});
        break;
      case Operator::GreaterThan:
      case Operator::LessThan:
        break;
    }
  }
  return made;
}

// Fields can be compared with one value only.
std::string selector_text(const authorization::FieldSelectorAttributes& selector) {
  if (!selector.raw_selector.empty()) return selector.raw_selector;
  std::vector<schema::FieldSelector::Term> terms;
  for (const auto& term : selector.requirements) {
    bool equal = term.operator_ == "In";
    if (term.values.size() == 1 && (equal || term.operator_ == "NotIn"))
      terms.push_back({term.key, equal, term.values[0]});
  }
  return schema::FieldSelector(std::move(terms)).to_string();
}

std::string selector_text(const authorization::LabelSelectorAttributes& selector) {
  if (!selector.raw_selector.empty()) return selector.raw_selector;
  std::string text;
  for (const auto& term : selector.requirements) {
    if (!text.empty()) text += ',';
    bool one = term.values.size() == 1;
    if (term.operator_ == "In") {
      text += one ? base::cat({term.key, "=", term.values[0]})
                  : base::cat({term.key, " in (", base::join(term.values, ","), ")"});
    } else if (term.operator_ == "NotIn") {
      text += one ? base::cat({term.key, "!=", term.values[0]})
                  : base::cat({term.key, " notin (", base::join(term.values, ","), ")"});
    } else {
      text += base::cat({term.operator_ == "DoesNotExist" ? "!" : "", term.key});
    }
  }
  return text;
}

}  // namespace

authorization::SubjectAccessReviewSpec review_of(const AuthorizationAttributes& attributes) {
  authorization::SubjectAccessReviewSpec spec;
  spec.user = attributes.user.name;
  spec.uid = attributes.user.uid;
  spec.groups = attributes.user.groups;
  spec.extra = attributes.user.extra;
  if (!attributes.resource_request) {
    auto& path = spec.non_resource_attributes.emplace();
    path.path = attributes.path;
    path.verb = attributes.verb;
    return spec;
  }
  auto& resource = spec.resource_attributes.emplace();
  resource.namespace_ = attributes.namespace_;
  resource.verb = attributes.verb;
  resource.group = attributes.api_group;
  resource.version = attributes.api_version;
  resource.resource = attributes.resource;
  resource.subresource = attributes.subresource;
  resource.name = attributes.name;
  if (auto terms = field_requirements(attributes.field_selector); !terms.empty())
    resource.field_selector.emplace().requirements = std::move(terms);
  if (auto terms = label_requirements(attributes.label_selector); !terms.empty())
    resource.label_selector.emplace().requirements = std::move(terms);
  return spec;
}

AuthorizationAttributes attributes_of(const authorization::ResourceAttributes* resource,
                                      const authorization::NonResourceAttributes* path, User user) {
  AuthorizationAttributes attributes;
  attributes.user = std::move(user);
  if (resource != nullptr) {
    attributes.resource_request = true;
    attributes.verb = resource->verb;
    attributes.api_group = resource->group;
    attributes.api_version = resource->version;
    attributes.resource = resource->resource;
    attributes.subresource = resource->subresource;
    attributes.namespace_ = resource->namespace_;
    attributes.name = resource->name;
    if (resource->field_selector) attributes.field_selector = selector_text(*resource->field_selector);
    if (resource->label_selector) attributes.label_selector = selector_text(*resource->label_selector);
  } else if (path != nullptr) {
    attributes.path = path->path;
    attributes.verb = path->verb;
  }
  return attributes;
}

}  // namespace apiserver
