// What a machine that wants to join finds in the cluster: the ConfigMap kube-public/cluster-info, which says where the
// API server is and whom it may believe, signed with the bootstrap tokens there are; and the rights of who comes with
// such a token. All of it named as kubeadm names it.
#pragma once

#include <string>
#include <vector>

#include "client/client.h"
#include "io/task.h"
#include "schema/object.h"

namespace navarch {

// Who may ask for a node's certificate and gets one, who may have it renewed, and that everybody may read cluster-info.
std::vector<schema::Object> node_joining_rights();

// Makes cluster-info, or sets what it says of the server and its authority (PEM). As an administrator.
io::Task<base::Result<void>> publish_cluster_info(client::Client admin, std::string server_url, std::string authority);

}  // namespace navarch
