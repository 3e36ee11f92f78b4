// Makes the claims that pods ask for by templates, tells of them in the pods' status, and takes back what nobody uses:
// reservations of pods that are gone, allocations, claims. Kubernetes documentation, "Dynamic Resource Allocation".
#pragma once

#include <memory>
#include <string>

#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_resourceclaim_controller(Context& context);

// What generated claims are called: both names show, whatever their length.
std::string claim_name_prefix(const std::string& pod, const std::string& claim);

}  // namespace controller
