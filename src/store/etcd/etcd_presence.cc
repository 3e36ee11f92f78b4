#include "store/etcd/etcd_presence.h"

namespace store {

EtcdPresence::EtcdPresence(std::unique_ptr<EtcdClient> client, Options options)
    : client_(std::move(client)), options_(std::move(options)) {}

io::Task<base::Result<void>> EtcdPresence::renew() {
  if (lease_ != 0) {
    auto left = co_await client_->lease_keep_alive(lease_);
    if (!left && left.error().code() != base::Code::NotFound) co_return base::fail(left.error());
    if (!left) lease_ = 0;
  }
  if (lease_ == 0) {
    CO_TRY(auto granted, co_await client_->lease_grant({.ttl = options_.seconds}));
    lease_ = granted.id;
  }
  // Again each time: somebody may have removed it.
  etcd::PutRequest put;
  put.key = options_.prefix + options_.name;
  put.value = options_.value;
  put.lease = lease_;
  CO_TRY(auto stored, co_await client_->put(std::move(put)));
  static_cast<void>(stored);
  co_return {};
}

io::Task<base::Result<void>> EtcdPresence::withdraw() {
  if (lease_ == 0) co_return {};
  etcd::LeaseRevokeRequest request;
  request.id = lease_;
  lease_ = 0;
  CO_TRY(auto revoked, co_await client_->lease_revoke(std::move(request)));
  static_cast<void>(revoked);
  co_return {};
}

io::Task<base::Result<std::vector<std::string>>> EtcdPresence::names() {
  etcd::RangeRequest request;
  request.key = options_.prefix;
  request.range_end = etcd_prefix_end(options_.prefix);
  CO_TRY(auto found, co_await client_->range(std::move(request)));
  std::vector<std::string> names;
  for (const auto& pair : found.kvs) names.push_back(pair.key.substr(options_.prefix.size()));
  co_return names;
}

}  // namespace store
