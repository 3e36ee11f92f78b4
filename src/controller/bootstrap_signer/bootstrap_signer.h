// Signs the ConfigMap kube-public/cluster-info, by which machines that want to join learn what the cluster is: once
// with each bootstrap token that is for signing, so that who holds one can tell that nobody has changed it. Kubernetes
// documentation, "Authenticating with Bootstrap Tokens", "ConfigMap Signing".
#pragma once

#include <memory>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_bootstrap_signer(Context& context);

}  // namespace controller
