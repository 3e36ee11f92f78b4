// The API as a service account, with short-lived tokens asked for as they are needed.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "client/client.h"
#include "client/kubeconfig.h"
#include "client/transport.h"

namespace client {

// `issuer` may create the account and tokens for it; the account is made if it is missing. `access` says where the
// server is; its own credentials are not used. The clock is borrowed. One loop.
std::shared_ptr<Transport> make_account_transport(Client issuer, Access access, std::string namespace_,
                                                  std::string name, base::Clock& clock);

}  // namespace client
