// Fills the Secrets that ask for a long-lived token of a service account, and removes them with the account. Kubernetes
// documentation, "Managing Service Accounts", "Manual Secret management for ServiceAccounts".
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

// Does nothing without Options::service_account_key. Acts under the manager's name, as upstream's: no service account
// may write secrets of all namespaces.
std::unique_ptr<Controller> make_serviceaccount_token_controller(Context& context);

}  // namespace controller
