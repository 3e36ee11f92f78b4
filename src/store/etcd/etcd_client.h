// The v3 API of an etcd cluster, as its messages are. One loop.
//
// Calls go to one endpoint until it fails, then to the next. What certainly did not reach a server is tried at the
// others; so are reads in any case. A write whose connection broke is not: Closed then says that it may or may not have
// happened, and the caller looks.
//
// Expired: the revision asked for was compacted. Unavailable: no endpoint answers, or the cluster has no leader.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/etcd.h"
#include "base/result.h"
#include "io/grpc_client.h"
#include "io/loop.h"
#include "io/task.h"

namespace store {

namespace etcd = ::api::etcd;

inline constexpr size_t kEtcdMessageBytesMax = size_t{512} << 20;  // a range without a limit may be long

// The events of one key range from a revision on. Destroying it ends the watch.
class EtcdWatch {
 public:
  ~EtcdWatch();
  EtcdWatch(const EtcdWatch&) = delete;
  EtcdWatch& operator=(const EtcdWatch&) = delete;

  // The next answer: events of whole revisions in order, or none when it only tells how far the watch has come
  // (header->revision). Expired when the start was compacted; any other failure: watch again behind what was seen.
  io::Task<base::Result<etcd::WatchResponse>> next();
  // Asks how far the watch has come; the answer comes out of next().
  io::Task<base::Result<void>> request_progress();

 private:
  friend class EtcdClient;
  struct State;
  explicit EtcdWatch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class EtcdClient {
 public:
  struct Options {
    std::vector<std::string> endpoints;  // "https://10.0.0.1:2379", "http://127.0.0.1:2379", "unix:/path"
    // Files in PEM; for https.
    std::string ca_file, certificate_file, key_file;
    io::Duration connect_timeout = std::chrono::seconds(3);
    io::Duration request_timeout = std::chrono::seconds(10);
  };
  // BadRequest for an endpoint that cannot be read. Connects when first called.
  static base::Result<std::unique_ptr<EtcdClient>> create(Options options);
  ~EtcdClient();
  EtcdClient(const EtcdClient&) = delete;
  EtcdClient& operator=(const EtcdClient&) = delete;

  io::Task<base::Result<etcd::RangeResponse>> range(etcd::RangeRequest request);
  io::Task<base::Result<etcd::PutResponse>> put(etcd::PutRequest request);
  io::Task<base::Result<etcd::DeleteRangeResponse>> delete_range(etcd::DeleteRangeRequest request);
  io::Task<base::Result<etcd::TxnResponse>> txn(etcd::TxnRequest request);
  io::Task<base::Result<etcd::CompactionResponse>> compact(etcd::CompactionRequest request);

  // Returns once the server has agreed to watch. Fragments are asked for and put together.
  io::Task<base::Result<std::unique_ptr<EtcdWatch>>> watch(etcd::WatchCreateRequest request);

  io::Task<base::Result<etcd::LeaseGrantResponse>> lease_grant(etcd::LeaseGrantRequest request);
  io::Task<base::Result<etcd::LeaseRevokeResponse>> lease_revoke(etcd::LeaseRevokeRequest request);
  // Keeps the lease alive once; its new time to live in seconds. NotFound when it has expired.
  io::Task<base::Result<int64_t>> lease_keep_alive(int64_t lease);
  io::Task<base::Result<etcd::LeaseTimeToLiveResponse>> lease_time_to_live(etcd::LeaseTimeToLiveRequest request);

  // Of the endpoint in use.
  io::Task<base::Result<etcd::StatusResponse>> status();
  io::Task<base::Result<etcd::DefragmentResponse>> defragment();
  io::Task<base::Result<etcd::AlarmResponse>> alarm(etcd::AlarmRequest request);
  io::Task<base::Result<etcd::MemberListResponse>> member_list();

 private:
  struct State;
  explicit EtcdClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The end of the range of all keys that begin with `prefix`.
std::string etcd_prefix_end(std::string prefix);

}  // namespace store
