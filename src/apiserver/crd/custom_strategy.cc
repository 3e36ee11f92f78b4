#include "apiserver/crd/custom_strategy.h"

#include <algorithm>
#include <limits>
#include <set>

#include "apiserver/crd/kind.h"
#include "apiserver/crd/rules.h"
#include "apiserver/crd/scale.h"
#include "apiserver/crd/value_validation.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/custom.h"

namespace apiserver::crd {

using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;
using schema::Value;

Traits CustomStrategy::traits() const {
  return {.unconditional_update = false,
          .keeps_status_on_create = false,
          .generation = GenerationRule::OnSpec,
          .metadata_rule = MetadataRule::Generic};
}

// Of the metadata only what tells who manages what comes with a status.
void CustomStrategy::prepare_status(const Situation&, schema::Object& next, const schema::Object& current) const {
  auto managers = std::move(next.meta().managed_fields);
  std::string version = next.meta().resource_version;
  next.meta() = current.meta();
  next.meta().managed_fields = std::move(managers);
  next.meta().resource_version = std::move(version);
}

FieldErrors CustomStrategy::validate_create(const Situation& situation, const schema::Object& next) const {
  return validate(situation, next, nullptr);
}

FieldErrors CustomStrategy::validate_update(const Situation& situation, const schema::Object& next,
                                            const schema::Object& current) const {
  return validate(situation, next, &current);
}

FieldErrors CustomStrategy::validate_status(const Situation& situation, const schema::Object& next,
                                            const schema::Object& current) const {
  return validate(situation, next, &current);
}

base::Result<void> CustomStrategy::allow_create(const Situation&, const schema::Object& next) const {
  if (!kind_.is_terminating()) return {};
  return base::fail(forbidden(kind_.row().group, kind_.row().plural, next.meta().name,
                              "create not allowed while custom resource definition is terminating"));
}

void CustomStrategy::warn(const Situation& situation, const schema::Object& next, const schema::Object* current) const {
  if (!situation.subresource.empty()) return;
  std::set<std::string> fresh(next.meta().finalizers.begin(), next.meta().finalizers.end());
  if (current != nullptr) {
    for (const auto& finalizer : current->meta().finalizers) fresh.erase(finalizer);
  }
  for (const auto& finalizer : fresh) {
    if (finalizer.find('/') != std::string::npos || finalizer == "orphan" || finalizer == "foregroundDeletion")
      continue;
    situation.warnings.push_back(base::cat(
        {"metadata.finalizers: ", base::quote(finalizer),
         ": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"}));
  }
}

FieldErrors CustomStrategy::validate(const Situation& situation, const schema::Object& next,
                                     const schema::Object* current) const {
  FieldErrors errors;
  const auto& custom = *schema::custom_of(next);
  if (!custom.kind.empty()) {
    errors.push_back(FieldError::invalid(FieldPath("kind"), custom.kind, base::cat({"must be ", kind_.row().kind})));
    return errors;
  }
  const schema::Structural* structural = kind_.structural();
  if (structural == nullptr) return errors;
  Value tree = schema::to_value(next.type(), custom);
  Value before;
  if (current != nullptr) before = schema::to_value(current->type(), *schema::custom_of(*current));
  const Value* old = current == nullptr ? nullptr : &before;
  append(errors, validate_value(tree, *structural, old));
  validate_scale(errors, tree);
  append(errors, validate_embedded(tree, *structural));
  if (old == nullptr || validate_lists(*old, *structural).empty()) append(errors, validate_lists(tree, *structural));
  if (kind_.rules() == nullptr) return errors;
  // Rules may rely on what the schema promises.
  bool blocked = std::ranges::any_of(errors, [](const FieldError& error) {
    using Type = FieldError::Type;
    return error.type == Type::NotSupported || error.type == Type::Required || error.type == Type::TooLong ||
           error.type == Type::TooMany || error.type == Type::Duplicate || error.type == Type::TypeInvalid;
  });
  if (blocked) {
    errors.push_back(FieldError::invalid(
        FieldPath(), nullptr,
        "some validation rules were not checked because the object was invalid; correct the existing "
        "errors to complete validation"));
    return errors;
  }
  append(errors, kind_.rules()->check(tree, *structural, old, {}, &situation.warnings));
  return errors;
}

void CustomStrategy::validate_scale(FieldErrors& errors, const Value& tree) const {
  if (!kind_.scale()) return;
  auto whole = [&](std::string_view part) {
    const Value* value = tree.find(part);
    return value == nullptr ? schema::BadValue() : schema::BadValue(*value);
  };
  for (const auto* path : {&kind_.scale()->spec_replicas, &kind_.scale()->status_replicas}) {
    if (path->empty()) continue;
    auto field = FieldPath("." + base::join(*path, "."));
    auto count = replicas_at(tree, *path);
    if (!count) {
      errors.push_back(FieldError::invalid(field, whole(path->front()), count.error().message()));
    } else if (count->value_or(0) < 0) {
      errors.push_back(FieldError::invalid(field, **count, "should be a non-negative integer"));
    } else if (count->value_or(0) > std::numeric_limits<int32_t>::max()) {
      errors.push_back(FieldError::invalid(
          field, **count,
          base::cat({"should be less than or equal to ", std::to_string(std::numeric_limits<int32_t>::max())})));
    }
  }
  const auto& selector = kind_.scale()->label_selector;
  if (selector.empty()) return;
  if (auto text = selector_at(tree, selector); !text) {
    errors.push_back(FieldError::invalid(FieldPath("." + base::join(selector, ".")), whole(selector.front()),
                                         text.error().message()));
  }
}

}  // namespace apiserver::crd
