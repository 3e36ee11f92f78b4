// Where a conversion webhook is to be found: an address, or a service of the cluster.
#pragma once

#include "api/apiextensions_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver::crd {

schema::FieldErrors validate_webhook_url(const std::string& url, const schema::FieldPath& path);
schema::FieldErrors validate_webhook_service(const api::apiextensions_k8s_io_v1::ServiceReference& service,
                                             const schema::FieldPath& path);

}  // namespace apiserver::crd
