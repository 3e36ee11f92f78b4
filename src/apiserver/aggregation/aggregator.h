// Keeps the group versions that other servers serve for us in step with the APIServices that are stored: tells in their
// conditions whether those servers can be reached, and asks them what they serve. The store says what is true; one
// loop.
//
// A version is looked at when its APIService, its service or the service's endpoints change. Only a server that is due
// to answer is asked by the clock too, for no watch tells of its end.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/apiregistration_k8s_io_v1.h"
#include "apiserver/aggregation/availability.h"
#include "apiserver/aggregation/own_version.h"
#include "apiserver/aggregation/remote_version.h"
#include "apiserver/authz/follower.h"
#include "apiserver/registry/registry.h"
#include "base/mutex.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/tls.h"

namespace apiserver {

struct AggregationOptions {
  io::Pem certificate, key;  // who we are to those servers: upstream's --proxy-client-cert-file; may be empty
  Routing routing = Routing::ClusterAddress;  // upstream's --enable-aggregator-routing
};

class Aggregator {
 public:
  // The registry is borrowed and outlives this. `own` are versions that are served unless an APIService says who does.
  Aggregator(Registry& registry, AggregationOptions options, std::vector<std::shared_ptr<const OwnVersion>> own = {});
  ~Aggregator();

  // Works until cancelled, or until the store closes.
  io::Task<void> run();
  // Comes back once all APIServices that were stored at the start are known.
  io::Task<void> wait_synced() { return follower_.wait_synced(); }

  // What there is now, never null. Any thread.
  std::shared_ptr<const RemoteVersions> remote() const;

 private:
  struct Attended;
  void put(const schema::Object& object);
  void remove(const std::string& name);
  io::Task<void> attend(Attended& one);
  io::Task<base::Result<Availability>> examine(Attended& one);
  io::Task<void> wake_on_change(Attended& one, std::string prefix);
  io::Task<base::Result<void>> write_status(std::string name, std::string uid, Availability availability);
  void publish();

  Registry& registry_;
  const AggregationOptions options_;
  const std::vector<std::shared_ptr<const OwnVersion>> own_;
  const Served& served_;
  Follower follower_;
  std::map<std::string, std::unique_ptr<Attended>> attended_;  // by the APIService's name

  mutable base::Mutex mutex_;
  std::shared_ptr<const RemoteVersions> remote_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
