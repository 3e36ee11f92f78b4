#include "controller/endpointslice/slices.h"

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
    client::DeleteOptions options;
    options.uid = slice->metadata.uid;
    auto removed = co_await client.remove<EndpointSlice>(service.namespace_, slice->metadata.name, std::move(options));
    if (!removed && removed.error().code() != base::Code::NotFound) co_return removed;
    pending.deleted(service, slice->metadata);
  }
  co_return {};
}

}  // namespace controller::endpointslice
