#include "apiserver/registry/registry.h"

namespace apiserver {

io::Task<base::Result<void>> Registry::admit(Call& call, const Served& served, Operation operation,
                                             schema::Object* object, bool dry_run) {
  Attempt attempt{.operation = operation,
                  .served = served,
                  .subresource = call.info.subresource,
                  .namespace_ = served.row().namespaced ? std::string_view(call.info.namespace_) : std::string_view(),
                  .name = call.info.name,
                  .user = call.user,
                  .dry_run = dry_run,
                  .object = object,
                  .warnings = call.warnings,
                  .reader = reader_,
                  .now = now(),
                  .audit_annotations = &call.audit_annotations,
                  .call = &call};
  CO_TRY(co_await options_.admission.admit(attempt));
  co_return co_await options_.admission.validate(attempt);
}

}  // namespace apiserver
