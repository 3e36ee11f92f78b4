#include "apiserver/subresource/own_fields.h"

#include "apiserver/registry/field_management.h"

namespace apiserver {

void own_fields(const Desk& desk, const Call& call, const Served& served, const WriteQuery& query,
                schema::Object& object) {
  auto management = desk.registry.field_management(call, served, query.field_manager, call.info.subresource);
  track_fields(management, nullptr, object);
}

}  // namespace apiserver
