// Where a kubeconfig leads: how flags name the servers that are asked about tokens and rights, and told of audit
// events.
#pragma once

#include <string_view>

#include "apiserver/outbound/post.h"

namespace apiserver {

// The cluster and user of the current context; files that it names are read, those with relative names from
// `directory`. BadRequest when it names none.
base::Result<Destination> destination_of_kubeconfig(std::string_view yaml, const std::string& directory = "");
// The cluster that this process is a pod of, as its service account. NotFound when it is none.
base::Result<Destination> destination_in_cluster();

}  // namespace apiserver
