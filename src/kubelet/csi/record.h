// What this node has on its disk of drivers' volumes, and where, as upstream lays it out, so that either kubelet finds
// what the other made. A record is there before a driver is asked for anything, and until it has taken all back: after
// a crash at any point the records say what may have to be undone. Blocking.
//
//   <root>/pods/<uid>/volumes/kubernetes.io~csi/<volume>/{mount,vol_data.json}
//   <root>/plugins/kubernetes.io/csi/<driver>/<sha256 of the handle>/{globalmount,vol_data.json}
//   <root>/plugins/kubernetes.io/csi/volumeDevices/{staging/<volume>,publish/<volume>/<uid>}     of block volumes
//   <root>/pods/<uid>/volumeDevices/kubernetes.io~csi/<volume>.json                              their records
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace kubelet {

struct CsiRecord {
  std::string driver;
  std::string handle;
  std::string volume;  // the persistent volume's name, or that of the pod's inline volume
  std::string uid;     // of the pod; "" of a staged one
  std::string node;
  bool block = false;
  bool ephemeral = false;
};

class CsiDisk {
 public:
  explicit CsiDisk(std::string root) : root_(std::move(root)) {}

  std::string target(const CsiRecord& record) const;   // where it is published
  std::string staging(const CsiRecord& record) const;  // where it is staged

  base::Result<void> add_published(const CsiRecord& record) const;
  base::Result<void> add_staged(const CsiRecord& record) const;
  // With the empty folders round them. An Error when something is still in them.
  base::Result<void> remove_published(const CsiRecord& record) const;
  base::Result<void> remove_staged(const CsiRecord& record) const;

  std::vector<CsiRecord> published(const std::string& uid) const;
  std::vector<CsiRecord> staged() const;
  // Whether some pod here has the volume still.
  bool is_published(const CsiRecord& staged) const;

 private:
  std::string pod_folder(const std::string& uid, bool block) const;
  std::string published_record(const CsiRecord& record) const;
  std::string staged_record(const CsiRecord& record) const;

  std::string root_;
};

}  // namespace kubelet
