#include "dns/server.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "client/cache.h"
#include "dns/forward.h"
#include "dns/message.h"
#include "dns/udp.h"
#include "dns/zone.h"
#include "io/loop.h"
#include "io/transport.h"

namespace dns {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

constexpr size_t kQuestionsMax = 1000;  // under way at once
constexpr size_t kConnectionsMax = 256;
constexpr size_t kStreamAnswerMax = 65535;
constexpr int kAliasesMax = 8;  // CNAMEs that lead on
constexpr auto kIdleTime = std::chrono::seconds(10);

template <class T>
std::string name_of(const T& object) {
  return base::cat({object.metadata.namespace_, "/", object.metadata.name});
}

}  // namespace

std::vector<io::Address> resolvers_of(std::string_view resolv_conf, std::string_view own) {
  std::vector<io::Address> found;
  for (auto line : base::split(resolv_conf, '\n')) {
    line = base::trim(line);
    if (!line.starts_with("nameserver")) continue;
    auto address = base::IpAddress::parse(base::trim(line.substr(10)));
    if (address && address->to_string() != own) found.push_back({.host = address->to_string(), .port = 53});
  }
  return found;
}

struct Server::State {
  State(ServerOptions given, client::Client client, base::Random& given_random)
      : options(std::move(given)),
        random(given_random),
        services(client),
        slices(client),
        zone(options.domain, names()) {
    services.add_index("address", [](const core::Service& service) { return service.spec.cluster_ips; });
    slices.add_index("service", [](const discovery::EndpointSlice& slice) {
      auto label = slice.metadata.labels.find("kubernetes.io/service-name");
      std::vector<std::string> values;
      if (label != slice.metadata.labels.end())
        values.push_back(base::cat({slice.metadata.namespace_, "/", label->second}));
      return values;
    });
    slices.add_index("address", [](const discovery::EndpointSlice& slice) {
      std::vector<std::string> values;
      for (const auto& endpoint : slice.endpoints)
        values.insert(values.end(), endpoint.addresses.begin(), endpoint.addresses.end());
      return values;
    });
    services.add_index("namespace", [](const core::Service& service) {
      return std::vector<std::string>{service.metadata.namespace_};
    });
  }

  Names names() {
    return {.service = [this](std::string_view namespace_,
                              std::string_view name) { return services.get(namespace_, name); },
            .slices =
                [this](std::string_view namespace_, std::string_view service) {
                  return slices.by_index("service", base::cat({namespace_, "/", service}));
                },
            .services_by_address = [this](std::string_view address) { return services.by_index("address", address); },
            .slices_by_address = [this](std::string_view address) { return slices.by_index("address", address); },
            .has_namespace = [this](std::string_view name) { return !services.by_index("namespace", name).empty(); }};
  }

  // The answer's bytes; "" when the packet deserves none.
  io::Task<std::string> answer(std::string packet, bool stream) {
    auto query = parse_query(packet);
    if (!query) co_return std::string();
    size_t size_max = stream ? kStreamAnswerMax : query->answer_size_max;
    if (query->operation != 0) co_return encode(*query, {.code = Code::NotImplemented}, size_max);
    if (query->kind != 1) co_return encode(*query, {.code = Code::Refused}, size_max);
    auto ours = services.synced() && slices.synced() ? zone.answer(*query) : std::nullopt;
    if (ours) {
      co_await follow(*query, *ours, stream);
      co_return encode(*query, *ours, size_max);
    }
    if (options.resolvers.empty()) co_return encode(*query, {.code = Code::ServerFailure}, size_max);
    auto theirs = co_await forward(std::move(packet), options.resolvers, stream, random);
    if (!theirs) co_return encode(*query, {.code = Code::ServerFailure}, size_max);
    co_return std::move(*theirs);
  }

  // An alias within the cluster is followed here; where one leads out, the client asks on.
  io::Task<void> follow(const Query& query, Answer& answer, bool) {
    for (int i = 0; i < kAliasesMax; ++i) {
      if (answer.answers.empty() || answer.answers.back().type != Type::Cname || query.type == Type::Cname) break;
      Query next = query;
      next.name = read_alias(answer.answers.back().data);
      auto more = zone.answer(next);
      if (!more || more->answers.empty()) break;
      answer.answers.insert(answer.answers.end(), more->answers.begin(), more->answers.end());
    }
    // Endpoints share what comes in by the order of their addresses, which differs each time.
    auto first = std::find_if(answer.answers.begin(), answer.answers.end(),
                              [](const Record& record) { return record.type != Type::Cname; });
    for (auto at = answer.answers.end() - first; at > 1; --at)
      std::swap(first[at - 1], first[static_cast<ptrdiff_t>(random.below(static_cast<uint64_t>(at)))]);
    co_return;
  }

  static std::string read_alias(std::string_view data) {
    std::string name;
    while (!data.empty() && data[0] != 0) {
      size_t length = static_cast<uint8_t>(data[0]);
      if (!name.empty()) name += '.';
      name += base::to_lower(data.substr(1, length));
      data.remove_prefix(length + 1);
    }
    return name;
  }

  void received(std::string_view packet, const sockaddr_storage& from, socklen_t size) {
    if (scope.size() < kQuestionsMax) scope.spawn(answer_datagram(std::string(packet), from, size));
  }
  io::Task<void> answer_datagram(std::string packet, sockaddr_storage from, socklen_t size) {
    auto bytes = co_await answer(std::move(packet), false);
    if (!bytes.empty()) udp->send(bytes, from, size);
  }

  void accepted(int fd) {
    if (connections >= kConnectionsMax) {
      close(fd);
      return;
    }
    ++connections;
    scope.spawn(serve_connection(std::make_unique<io::Transport>(fd)));
  }
  io::Task<void> serve_connection(std::unique_ptr<io::Transport> transport) {
    MessageStream stream(io::make_stream(std::move(transport)));
    for (;;) {
      auto packet = co_await io::with_timeout(kIdleTime, stream.read());
      if (!packet || !*packet || (*packet)->empty()) break;
      auto bytes = co_await answer(std::move(**packet), true);
      if (bytes.empty()) break;
      auto written = co_await io::with_timeout(kIdleTime, stream.write(std::move(bytes)));
      if (!written || !*written) break;
    }
    --connections;
  }

  const ServerOptions options;
  base::Random& random;
  client::Cache<core::Service> services;
  client::Cache<discovery::EndpointSlice> slices;
  Zone zone;
  std::unique_ptr<UdpSocket> udp;
  std::unique_ptr<io::Listener> tcp;
  size_t connections = 0;
  io::Scope scope;  // last: its tasks refer to all above
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::create(ServerOptions options, client::Client client,
                                                     base::Random& random) {
  auto state = std::make_unique<State>(std::move(options), std::move(client), random);
  io::Address address{.host = state->options.address, .port = state->options.port};
  auto received = [state = state.get()](std::string_view packet, const sockaddr_storage& from, socklen_t size) {
    state->received(packet, from, size);
  };
  TRY(state->udp, UdpSocket::bind(address, received));
  TRY(state->tcp, io::Listener::listen(address));
  state->tcp->on_accept([state = state.get()](int fd) { state->accepted(fd); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

io::Task<void> Server::run() {
  state_->scope.spawn(state_->services.run());
  state_->scope.spawn(state_->slices.run());
  io::Event never;
  co_await never.wait();
}

uint16_t Server::udp_port() const {
  return state_->udp->port();
}
uint16_t Server::tcp_port() const {
  return state_->tcp->address().port;
}

}  // namespace dns
