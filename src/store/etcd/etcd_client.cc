#include "store/etcd/etcd_client.h"

#include <utility>

#include "base/strings.h"
#include "io/tls.h"
#include "rpc/rpc.h"

namespace store {

namespace {

// etcd has few codes; these are told apart by their texts, which are part of its API (rpctypes).
base::Error translate(const base::Error& error) {
  std::string_view message = error.message();
  if (message.find("required revision has been compacted") != std::string_view::npos)
    return {base::Code::Expired, std::string(message)};
  if (message.find("requested lease not found") != std::string_view::npos)
    return {base::Code::NotFound, std::string(message)};
  return error;
}

// True if the call was not processed by any server.
bool was_not_sent(const base::Error& error) {
  return error.code() == base::Code::Unavailable && !error.details();
}

// True if another server may answer a call that has no effect.
bool may_be_read_elsewhere(const base::Error& error) {
  return error.code() == base::Code::Unavailable || error.code() == base::Code::Closed ||
         error.code() == base::Code::Timeout;
}

enum class Effect : uint8_t { Reads, Writes };

}  // namespace

struct EtcdClient::State {
  std::vector<std::unique_ptr<io::GrpcClient>> endpoints;
  size_t current = 0;
  io::Duration request_timeout;

  io::GrpcClient& endpoint() { return *endpoints[current]; }
  void leave(size_t failed) {
    if (current == failed) current = (current + 1) % endpoints.size();
  }

  template <class Response, class Request>
  io::Task<base::Result<Response>> call(std::string_view path, Request request, Effect effect) {
    for (size_t tries = 1;; ++tries) {
      size_t used = current;
      auto answer = co_await rpc::call<Response>(*endpoints[used], path, request, request_timeout);
      if (answer) co_return answer;
      bool elsewhere =
          was_not_sent(answer.error()) || (effect == Effect::Reads && may_be_read_elsewhere(answer.error()));
      if (may_be_read_elsewhere(answer.error())) leave(used);
      if (!elsewhere || tries > endpoints.size()) co_return base::fail(translate(answer.error()));
    }
  }
};

EtcdClient::EtcdClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
EtcdClient::~EtcdClient() = default;

base::Result<std::unique_ptr<EtcdClient>> EtcdClient::create(Options options) {
  if (options.endpoints.empty()) return base::fail(base::Code::BadRequest, "etcd: no endpoints");
  auto state = std::make_unique<State>();
  state->request_timeout = options.request_timeout;
  std::shared_ptr<io::TlsClient> tls;
  for (const std::string& endpoint : options.endpoints) {
    io::GrpcClient::Options grpc;
    std::string_view rest = endpoint;
    bool secure = rest.starts_with("https://");
    if (secure || rest.starts_with("http://")) rest.remove_prefix(secure ? 8 : 7);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    auto address = io::Address::parse(rest);
    if (!address) return base::fail(address.error().with_context(base::cat({"etcd endpoint ", base::quote(endpoint)})));
    grpc.address = *std::move(address);
    if (grpc.address.unix_path.empty()) grpc.authority = grpc.address.text();
    if (secure && !tls) {
      io::TlsClient::Options trust;
      trust.ca.file = options.ca_file;
      trust.certificate.file = options.certificate_file;
      trust.key.file = options.key_file;
      trust.alpn = {"h2"};
      TRY(tls, io::TlsClient::create(std::move(trust)));
    }
    if (secure) grpc.tls = tls;
    grpc.connect_timeout = options.connect_timeout;
    grpc.message_bytes_max = kEtcdMessageBytesMax;
    state->endpoints.push_back(std::make_unique<io::GrpcClient>(std::move(grpc)));
  }
  return std::unique_ptr<EtcdClient>(new EtcdClient(std::move(state)));
}

io::Task<base::Result<etcd::RangeResponse>> EtcdClient::range(etcd::RangeRequest request) {
  return state_->call<etcd::RangeResponse>(etcd::kv::kRange, std::move(request), Effect::Reads);
}
io::Task<base::Result<etcd::PutResponse>> EtcdClient::put(etcd::PutRequest request) {
  return state_->call<etcd::PutResponse>(etcd::kv::kPut, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::DeleteRangeResponse>> EtcdClient::delete_range(etcd::DeleteRangeRequest request) {
  return state_->call<etcd::DeleteRangeResponse>(etcd::kv::kDeleteRange, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::TxnResponse>> EtcdClient::txn(etcd::TxnRequest request) {
  return state_->call<etcd::TxnResponse>(etcd::kv::kTxn, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::CompactionResponse>> EtcdClient::compact(etcd::CompactionRequest request) {
  return state_->call<etcd::CompactionResponse>(etcd::kv::kCompact, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::LeaseGrantResponse>> EtcdClient::lease_grant(etcd::LeaseGrantRequest request) {
  return state_->call<etcd::LeaseGrantResponse>(etcd::lease::kLeaseGrant, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::LeaseRevokeResponse>> EtcdClient::lease_revoke(etcd::LeaseRevokeRequest request) {
  return state_->call<etcd::LeaseRevokeResponse>(etcd::lease::kLeaseRevoke, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::LeaseTimeToLiveResponse>> EtcdClient::lease_time_to_live(
    etcd::LeaseTimeToLiveRequest request) {
  return state_->call<etcd::LeaseTimeToLiveResponse>(etcd::lease::kLeaseTimeToLive, std::move(request), Effect::Reads);
}
io::Task<base::Result<etcd::StatusResponse>> EtcdClient::status() {
  return state_->call<etcd::StatusResponse>(etcd::maintenance::kStatus, etcd::StatusRequest{}, Effect::Reads);
}
io::Task<base::Result<etcd::DefragmentResponse>> EtcdClient::defragment() {
  return state_->call<etcd::DefragmentResponse>(etcd::maintenance::kDefragment, etcd::DefragmentRequest{},
                                                Effect::Writes);
}
io::Task<base::Result<etcd::AlarmResponse>> EtcdClient::alarm(etcd::AlarmRequest request) {
  return state_->call<etcd::AlarmResponse>(etcd::maintenance::kAlarm, std::move(request), Effect::Writes);
}
io::Task<base::Result<etcd::MemberListResponse>> EtcdClient::member_list() {
  return state_->call<etcd::MemberListResponse>(etcd::cluster::kMemberList, etcd::MemberListRequest{}, Effect::Reads);
}

io::Task<base::Result<int64_t>> EtcdClient::lease_keep_alive(int64_t lease) {
  auto opened = co_await rpc::open<etcd::LeaseKeepAliveResponse, etcd::LeaseKeepAliveRequest>(
      state_->endpoint(), etcd::lease::kLeaseKeepAlive);
  if (!opened) co_return base::fail(translate(opened.error()));
  etcd::LeaseKeepAliveRequest request;
  request.id = lease;
  CO_TRY(co_await opened->write(std::move(request)));
  opened->finish();
  auto answer = co_await io::with_timeout(state_->request_timeout, opened->read());
  if (!answer) co_return base::fail(base::Code::Timeout, "etcd: keeping a lease alive timed out");
  if (!*answer) co_return base::fail(translate(answer->error()));
  if (!**answer || (**answer)->ttl <= 0)
    co_return base::fail(base::Code::NotFound, "etcdserver: requested lease not found");
  co_return (**answer)->ttl;
}

// ---- watching ----

using WatchCall = rpc::Call<etcd::WatchResponse, etcd::WatchRequest>;

struct EtcdWatch::State {
  explicit State(WatchCall call) : call(std::move(call)) {}
  WatchCall call;

  // The next whole answer.
  io::Task<base::Result<etcd::WatchResponse>> read() {
    std::optional<etcd::WatchResponse> whole;
    for (;;) {
      auto piece = co_await call.read();
      if (!piece) co_return base::fail(translate(piece.error()));
      if (!*piece) co_return base::fail(base::Code::Closed, "etcd has ended the watch");
      etcd::WatchResponse response = **std::move(piece);
      if (response.canceled) {
        if (response.compact_revision != 0)
          co_return base::fail(base::Code::Expired, "etcdserver: mvcc: required revision has been compacted");
        co_return base::fail(base::Code::Closed, base::cat({"etcd has cancelled the watch: ", response.cancel_reason}));
      }
      bool more = response.fragment;
      if (!whole) {
        whole = std::move(response);
      } else {
        whole->events.insert(whole->events.end(), std::make_move_iterator(response.events.begin()),
                             std::make_move_iterator(response.events.end()));
      }
      if (more) continue;
      whole->fragment = false;
      co_return *std::move(whole);
    }
  }
};

EtcdWatch::EtcdWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
EtcdWatch::~EtcdWatch() = default;

io::Task<base::Result<etcd::WatchResponse>> EtcdWatch::next() {
  return state_->read();
}

io::Task<base::Result<void>> EtcdWatch::request_progress() {
  etcd::WatchRequest request;
  request.progress_request.emplace();
  return state_->call.write(std::move(request));
}

io::Task<base::Result<std::unique_ptr<EtcdWatch>>> EtcdClient::watch(etcd::WatchCreateRequest create) {
  create.fragment = true;
  size_t used = state_->current;
  auto opened = co_await rpc::open<etcd::WatchResponse, etcd::WatchRequest>(state_->endpoint(), etcd::watch::kWatch);
  if (!opened) {
    state_->leave(used);
    co_return base::fail(translate(opened.error()));
  }
  auto watch = std::make_unique<EtcdWatch::State>(*std::move(opened));
  etcd::WatchRequest request;
  request.create_request = std::move(create);
  CO_TRY(co_await watch->call.write(std::move(request)));
  auto created = co_await io::with_timeout(state_->request_timeout, watch->read());
  if (!created) {
    state_->leave(used);
    co_return base::fail(base::Code::Unavailable, "etcd: the watch was not answered in time");
  }
  if (!*created) {
    if (may_be_read_elsewhere(created->error())) state_->leave(used);
    co_return base::fail(created->error());
  }
  co_return std::unique_ptr<EtcdWatch>(new EtcdWatch(std::move(watch)));
}

std::string etcd_prefix_end(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');  // all keys
  ++prefix.back();
  return prefix;
}

}  // namespace store
