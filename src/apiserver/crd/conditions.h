// The conditions of custom resource definitions.
#pragma once

#include <string_view>

#include "api/apiextensions_k8s_io_v1.h"
#include "base/time.h"

namespace apiserver::crd {

using Condition = api::apiextensions_k8s_io_v1::CustomResourceDefinitionCondition;
using Definition = api::apiextensions_k8s_io_v1::CustomResourceDefinition;

constexpr std::string_view kCleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

const Condition* find_condition(const Definition& definition, std::string_view type);  // null when it is not there
bool has_condition(const Definition& definition, std::string_view type);               // there, and "True"
// Its time changes with its status only.
void set_condition(Definition& definition, std::string_view type, bool status, std::string_view reason,
                   std::string_view message, base::Time now);
bool has_cleanup_finalizer(const Definition& definition);

}  // namespace apiserver::crd
