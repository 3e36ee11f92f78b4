// Puts a pod's network namespace into the network of this node, by the CNI plugins that a configuration names. What
// containerd does for the CRI is done here for runtimes that leave it to us. One loop.
//
// The first .conflist, .conf or .json of the configuration's folder counts, by name, and is read anew each time. What
// was done for a container is kept in a folder, so that it is undone with the configuration it was done with, also
// after a restart. Source: CNI specification 1.0.
#pragma once

#include <string>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "io/task.h"
#include "schema/value.h"

namespace kubelet {

struct CniPlaces {
  std::string configuration_directory = "/etc/cni/net.d";
  std::string binary_directory = "/usr/lib/cni";
  std::string state_directory;
};

struct CniPod {
  std::string id;                 // of the sandbox
  std::string network_namespace;  // "/proc/7/ns/net"; "" when it is gone
  std::string namespace_, name, uid;
  std::vector<::api::cri::PortMapping> ports;
};

class CniNetwork {
 public:
  explicit CniNetwork(CniPlaces options) : options_(std::move(options)) {}

  // NotFound without a configuration. Blocking, short.
  base::Result<void> check() const;
  // The pod's addresses. Undoes what was done when a plugin fails.
  io::Task<base::Result<std::vector<std::string>>> add(CniPod pod);
  // Succeeds for what was never added. What is left of an add() that a crash cut short goes too.
  io::Task<base::Result<void>> remove(CniPod pod);
  // What add() gave; NotFound when it did not end. Blocking, short.
  base::Result<std::vector<std::string>> addresses(const std::string& id) const;
  bool has(const std::string& id) const;
  // For whom something was done that is not undone. Blocking, short.
  std::vector<std::string> ids() const;

 private:
  base::Result<schema::Value> configuration() const;
  std::string state_file(const std::string& id) const;
  io::Task<base::Result<schema::Value>> run(std::string_view command, const schema::Value& list, size_t plugin,
                                            const CniPod& pod, schema::Value previous);
  io::Task<base::Result<void>> undo(const schema::Value& list, const CniPod& pod, schema::Value result);

  CniPlaces options_;
};

}  // namespace kubelet
