// What the controllers that write endpoint slices share.
#pragma once

#include "client/client.h"
#include "client/key.h"
#include "controller/common/pending.h"
#include "controller/endpointslice/plan.h"

namespace controller::endpointslice {

// The service whose slice it is, if `manager` writes it; else a key without a name.
client::Key service_of(const EndpointSlice& slice, std::string_view manager);

// Writes what is planned for `service`, and notes it as pending. Ends with the first failure.
io::Task<base::Result<void>> carry_out(client::Client client, client::Key service, Plan plan, Pending& pending);

}  // namespace controller::endpointslice
