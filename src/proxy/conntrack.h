// UDP has no end that the kernel could see: flows remembered towards an endpoint that is gone would go on into the
// void. Which of them to forget after a change; pure.
#pragma once

#include <string>
#include <vector>

#include "proxy/model.h"

namespace proxy {

// Arguments for one call of `conntrack`: {"-D", "--orig-dst", "10.96.0.10", ...}.
using ConntrackCommand = std::vector<std::string>;

// Flows to endpoints that a UDP port had and has no more; and, where a port had none and now has some, flows that were
// let through untranslated.
std::vector<ConntrackCommand> stale_flows(const Snapshot& before, const Snapshot& after);

}  // namespace proxy
