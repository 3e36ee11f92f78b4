// Where a server is and who we are there, as kubeconfig files say it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace client {

// The server and the user of one context.
struct Access {
  std::string server;           // "https://10.0.0.1:6443"
  std::string tls_server_name;  // verified instead of the server's host, when not empty
  bool insecure = false;        // trusts whoever answers
  // PEM. The text when the file gave it inline, else a path, read again when it changes.
  std::string ca_data, ca_file;
  std::string certificate_data, certificate_file;
  std::string key_data, key_file;
  std::string token;       // of a bearer
  std::string token_file;  // read again as it changes; wins over `token`
  std::string username, password;
  std::string namespace_;  // the context's default
};

// Reads kubeconfig text; relative paths in it are relative to `folder`. `context` "" is the current one. Invalid when a
// name in it leads nowhere, BadRequest when it is no kubeconfig. Users that need a plug-in (exec, auth-provider) are
// refused.
base::Result<Access> parse_kubeconfig(std::string_view text, const std::string& folder,
                                      const std::string& context = "");
// The same of a file. Blocking.
base::Result<Access> load_kubeconfig(const std::string& path, const std::string& context = "");
// From what a pod has: the service's address in the environment, the token and CA that are mounted. NotFound outside a
// pod.
base::Result<Access> in_cluster_access();

// A file for one server and one user.
std::string write_kubeconfig(const Access& access, std::string_view cluster_name = "default",
                             std::string_view user_name = "default");

}  // namespace client
