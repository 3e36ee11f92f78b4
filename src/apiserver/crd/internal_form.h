// Parts of definitions as complaints show them: as JSON with the names that upstream's own structs have.
#pragma once

#include <string>

#include "api/apiextensions_k8s_io_v1.h"

namespace apiserver::crd {

std::string internal_form(const api::apiextensions_k8s_io_v1::ValidationRule& rule);
std::string internal_form(const api::apiextensions_k8s_io_v1::JSONSchemaProps& schema);
// `hoisted`: what all versions have in common stands elsewhere (see Spec in definition_validation.h).
struct Hoisted {
  bool schema = false, subresources = false, columns = false, selectable_fields = false;
};
std::string internal_form(const std::vector<api::apiextensions_k8s_io_v1::CustomResourceDefinitionVersion>& versions,
                          const Hoisted& hoisted);
std::string internal_form(const std::vector<std::string>& texts);  // null when there are none

}  // namespace apiserver::crd
