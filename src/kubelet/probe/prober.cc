#include "kubelet/probe/prober.h"

#include "base/strings.h"
#include "io/grpc_client.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/socket.h"
#include "io/tls.h"

namespace kubelet {
namespace {

using Verdict = ProbeAnswer::Verdict;

constexpr size_t kOutputMax = 10 * 1024;

std::string host_port(const std::string& host, int32_t port) {
  return (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string timed_out_text(const std::string& url) {
  return "Get " + base::quote(url) + ": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
}

struct HttpAnswer {
  int status = 0;
  std::string body;
};

io::Task<base::Result<HttpAnswer>> get(std::string url, std::string target, io::Headers headers,
                                       std::shared_ptr<io::TlsClient> tls) {
  CO_TRY(auto client, io::HttpClient::create({.url = url, .tls = std::move(tls)}));
  CO_TRY(auto answer, co_await client->request("GET", target, std::move(headers)));
  HttpAnswer out{.status = answer->head().status, .body = {}};
  while (out.body.size() < kOutputMax) {
    auto piece = co_await answer->read();
    if (!piece || piece->empty()) break;
    out.body += piece->view();
  }
  if (out.body.size() > kOutputMax) out.body.resize(kOutputMax);
  co_return out;
}

io::Task<base::Result<void>> connect_only(io::Address address) {
  CO_TRY(co_await io::connect(std::move(address)));
  co_return {};
}

class RealProber final : public Prober {
 public:
  explicit RealProber(Runtime& runtime) : runtime_(runtime) {}

  io::Task<ProbeAnswer> probe(core::Probe probe, ProbeTarget target) override {
    int64_t timeout = std::max(probe.timeout_seconds, 1);
    if (probe.exec) co_return co_await exec(probe.exec->command, target, timeout);
    if (probe.http_get) co_return co_await http(*probe.http_get, target, timeout);
    if (probe.tcp_socket) co_return co_await tcp(*probe.tcp_socket, target, timeout);
    if (probe.grpc) co_return co_await grpc(*probe.grpc, target, timeout);
    co_return ProbeAnswer{.verdict = Verdict::Unknown, .output = "missing probe handler for " + pod_text(target.pod)};
  }

  io::Task<base::Result<void>> run_hook(core::LifecycleHandler hook, ProbeTarget target, int64_t timeout) override {
    if (hook.sleep) {
      co_await io::sleep(std::chrono::seconds(std::min(hook.sleep->seconds, timeout)));
      co_return {};
    }
    if (hook.exec) {
      CO_TRY(auto result, co_await runtime_.exec_sync(target.container_id, hook.exec->command, timeout));
      if (result.exit_code != 0)
        co_return base::fail(base::Code::Internal, "command '" + base::join(hook.exec->command, " ") +
                                                       "' exited with " + std::to_string(result.exit_code) + ": " +
                                                       result.stderr);
      co_return {};
    }
    ProbeAnswer answer;
    if (hook.http_get) {
      // A hook has done its work when it got any good answer.
      answer = co_await http(*hook.http_get, target, timeout);
    } else if (hook.tcp_socket) {
      answer = co_await tcp(*hook.tcp_socket, target, timeout);
    } else {
      co_return base::fail(base::Code::Invalid, "invalid handler: no action");
    }
    if (answer.verdict != Verdict::Success) co_return base::fail(base::Code::Internal, answer.output);
    co_return {};
  }

 private:
  io::Task<ProbeAnswer> exec(std::vector<std::string> command, ProbeTarget target, int64_t timeout) {
    auto result = co_await runtime_.exec_sync(target.container_id, command, timeout);
    if (!result) {
      if (result.error().code() == base::Code::Timeout)
        co_return ProbeAnswer{.verdict = Verdict::Failure,
                              .output = "command timed out: " + base::quote(base::join(command, " ")) +
                                        " timed out after " + std::to_string(timeout) + "s"};
      co_return ProbeAnswer{.verdict = Verdict::Unknown, .output = result.error().message()};
    }
    std::string output = result->stdout + result->stderr;
    if (output.size() > kOutputMax) output.resize(kOutputMax);
    co_return ProbeAnswer{.verdict = result->exit_code == 0 ? Verdict::Success : Verdict::Failure, .output = output};
  }

  io::Task<ProbeAnswer> http(core::HTTPGetAction action, ProbeTarget target, int64_t timeout) {
    auto port = resolve_port(action.port, target.container);
    if (!port)
      co_return ProbeAnswer{.verdict = Verdict::Unknown, .output = "couldn't find port: " + action.port.to_string()};
    bool secure = base::equals_ignoring_case(action.scheme, "https");
    std::string host = action.host.empty() ? target.pod_ip : action.host;
    std::string base_url = (secure ? "https://" : "http://") + host_port(host, *port);
    std::string path = action.path.starts_with('/') ? action.path : "/" + action.path;
    std::string url = base_url + path;
    io::Headers headers;
    for (auto& header : action.http_headers) headers.add(base::to_lower(header.name), header.value);
    if (!headers.has("user-agent")) headers.add("user-agent", "kube-probe/1.36");
    if (!headers.has("accept")) headers.add("accept", "*/*");
    headers.set("connection", "close");
    std::shared_ptr<io::TlsClient> tls;
    if (secure) {
      // Whom the pod's certificate names says nothing about its health.
      auto made = io::TlsClient::create(
          {.ca = {}, .skip_verify = true, .server_name = {}, .certificate = {}, .key = {}, .alpn = {"http/1.1"}});
      if (!made) co_return ProbeAnswer{.verdict = Verdict::Unknown, .output = made.error().message()};
      tls = *made;
    }
    auto answer =
        co_await io::with_timeout(std::chrono::seconds(timeout), get(base_url, path, std::move(headers), tls));
    if (!answer) co_return ProbeAnswer{.verdict = Verdict::Failure, .output = timed_out_text(url)};
    if (!*answer)
      co_return ProbeAnswer{.verdict = Verdict::Failure,
                            .output = "Get " + base::quote(url) + ": " + answer->error().message()};
    int status = (*answer)->status;
    if (status >= 200 && status < 400) co_return ProbeAnswer{.verdict = Verdict::Success, .output = (*answer)->body};
    co_return ProbeAnswer{.verdict = Verdict::Failure,
                          .output = "HTTP probe failed with statuscode: " + std::to_string(status)};
  }

  io::Task<ProbeAnswer> tcp(core::TCPSocketAction action, ProbeTarget target, int64_t timeout) {
    auto port = resolve_port(action.port, target.container);
    if (!port)
      co_return ProbeAnswer{.verdict = Verdict::Unknown, .output = "couldn't find port: " + action.port.to_string()};
    io::Address address{.host = action.host.empty() ? target.pod_ip : action.host,
                        .port = static_cast<uint16_t>(*port),
                        .unix_path = {}};
    std::string text = address.text();
    auto connected = co_await io::with_timeout(std::chrono::seconds(timeout), connect_only(std::move(address)));
    if (!connected) co_return ProbeAnswer{.verdict = Verdict::Failure, .output = "dial tcp " + text + ": i/o timeout"};
    if (!*connected) co_return ProbeAnswer{.verdict = Verdict::Failure, .output = connected->error().message()};
    co_return ProbeAnswer{.verdict = Verdict::Success, .output = {}};
  }

  // grpc.health.v1.Health/Check: request {1: service}, answer {1: status}; 1 is SERVING.
  io::Task<ProbeAnswer> grpc(core::GRPCAction action, ProbeTarget target, int64_t timeout) {
    std::string service = action.service.value_or("");
    std::string request;
    if (!service.empty()) {
      request = "\x0a";
      for (size_t size = service.size();; size >>= 7) {
        request += static_cast<char>(size >= 128 ? (size & 127) | 128 : size);
        if (size < 128) break;
      }
      request += service;
    }
    io::Address address{.host = target.pod_ip, .port = static_cast<uint16_t>(action.port), .unix_path = {}};
    std::string authority = address.text();
    io::GrpcClient client({.address = std::move(address), .tls = nullptr, .authority = authority});
    auto answer = co_await client.call("/grpc.health.v1.Health/Check", request, std::chrono::seconds(timeout));
    if (!answer) {
      if (answer.error().code() == base::Code::Timeout)
        co_return ProbeAnswer{.verdict = Verdict::Failure,
                              .output = "timeout: health rpc did not complete within " + std::to_string(timeout) + "s"};
      co_return ProbeAnswer{.verdict = Verdict::Failure, .output = "health rpc failed: " + answer.error().message()};
    }
    int status = answer->size() >= 2 && (*answer)[0] == 8 ? (*answer)[1] : 0;
    if (status == 1) co_return ProbeAnswer{.verdict = Verdict::Success, .output = {}};
    static constexpr const char* kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    co_return ProbeAnswer{.verdict = Verdict::Failure,
                          .output = std::string("service unhealthy (responded with \"") +
                                    (status >= 0 && status < 4 ? kNames[status] : "UNKNOWN") + "\")"};
  }

  Runtime& runtime_;
};

}  // namespace

std::unique_ptr<Prober> make_prober(Runtime& runtime) {
  return std::make_unique<RealProber>(runtime);
}

std::optional<int32_t> resolve_port(const schema::IntOrString& port, const core::Container& container) {
  if (port.is_int()) return port.number > 0 ? std::optional(port.number) : std::nullopt;
  if (auto number = base::parse_int(port.text)) return static_cast<int32_t>(*number);
  for (auto& named : container.ports)
    if (named.name == port.text) return named.container_port;
  return {};
}

}  // namespace kubelet
