#include "controller/endpointslice/slices.h"

#include "controller/common/removal.h"

namespace controller::endpointslice {

client::Key service_of(const EndpointSlice& slice, std::string_view manager) {
  const auto& labels = slice.metadata.labels;
  auto service = labels.find(kServiceName);
  auto by = labels.find(kManagedBy);
  if (service == labels.end() || by == labels.end() || by->second != manager) return {};
  return {slice.metadata.namespace_, service->second};
}

io::Task<base::Result<void>> carry_out(client::Client client, client::Key service, Plan plan, Pending& pending) {
  for (EndpointSlice& slice : plan.create) {
    CO_TRY(EndpointSlice stored, co_await client.create(std::move(slice)));
    pending.written(service, stored.metadata);
  }
  for (EndpointSlice& slice : plan.update) {
    CO_TRY(EndpointSlice stored, co_await client.update(std::move(slice)));
    pending.written(service, stored.metadata);
  }
  for (SlicePointer& slice : plan.remove) {
    CO_TRY(co_await remove_exactly(client, slice));
    pending.deleted(service, slice->metadata);
  }
  co_return {};
}

}  // namespace controller::endpointslice
