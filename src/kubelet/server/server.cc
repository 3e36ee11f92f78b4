#include "kubelet/server/server.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/pods/pod.h"
#include "kubelet/server/answer.h"
#include "kubelet/server/logs.h"
#include "kubelet/server/node_log.h"
#include "kubelet/server/parameters.h"
#include "kubelet/server/streams.h"
#include "pki/cluster.h"
#include "schema/json.h"
#include "schema/value.h"

namespace kubelet {
namespace {

namespace core = api::core_v1;

constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

std::string verb_of(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "get";
}

// Which parts of the node as a resource open a path, by its first part: any of them.
// Kubernetes documentation, "Kubelet authentication/authorization".
std::vector<std::string> subresources_of(std::string_view first) {
  if (first == "stats" || first == "metrics" || first == "checkpoint") return {std::string(first)};
  if (first == "logs") return {"log"};
  if (first == "runningpods") return {"pods", "proxy"};
  for (std::string_view own : {"pods", "healthz", "configz", "flagz", "statusz"}) {
    if (first == own) return {std::string(first), "proxy"};
  }
  return {"proxy"};
}

// The first part of a path, or the first two below metrics; "other" for what is not served.
std::string kind_of(std::string_view path) {
  auto parts = base::split(path.substr(path.starts_with('/') ? 1 : 0), '/');
  std::string kind(parts[0]);
  if (kind == "metrics" && parts.size() > 1) kind += base::cat({"/", parts[1]});
  constexpr std::string_view kServed[] = {"attach",
                                          "checkpoint",
                                          "configz",
                                          "containerLogs",
                                          "exec",
                                          "healthz",
                                          "logs",
                                          "metrics",
                                          "metrics/cadvisor",
                                          "metrics/probes",
                                          "metrics/resource",
                                          "pods",
                                          "portForward",
                                          "run",
                                          "runningpods",
                                          "stats"};
  return std::ranges::find(kServed, kind) == std::end(kServed) ? "other" : kind;
}

// What shows or does more than a node's state.
bool is_debugging(std::string_view first) {
  constexpr std::string_view kDebugging[] = {"run",           "exec",        "attach", "portForward",
                                             "containerLogs", "runningpods", "logs"};
  return std::ranges::find(kDebugging, first) != std::end(kDebugging);
}

// "/exec/NAMESPACE/POD/CONTAINER", or with the pod's uid before the container.
struct Target {
  std::string namespace_, pod, uid, container;
};

std::optional<Target> parse_target(const std::vector<std::string_view>& parts, bool with_container) {
  size_t least = with_container ? 4 : 3;
  if (parts.size() != least && parts.size() != least + 1) return std::nullopt;
  Target target{std::string(parts[1]), std::string(parts[2]), "", ""};
  if (parts.size() == least + 1) target.uid = parts[3];
  if (with_container) target.container = parts.back();
  return target;
}

base::Result<std::optional<int64_t>> number(const Parameters& parameters, std::string_view name) {
  auto text = parameters.get(name);
  if (text.empty()) return std::optional<int64_t>();
  auto value = base::parse_int(text);
  if (!value) return base::fail(base::Code::BadRequest, base::cat({"invalid ", name, ": ", base::quote(text)}));
  return value;
}

base::Result<LogOptions> log_options(const Parameters& parameters, int64_t now_ns) {
  LogOptions options;
  options.follow = parameters.flag("follow");
  options.timestamps = parameters.flag("timestamps");
  options.stream = parameters.get("stream");
  TRY(options.tail_lines, number(parameters, "tailLines"));
  TRY(options.limit_bytes, number(parameters, "limitBytes"));
  TRY(auto seconds, number(parameters, "sinceSeconds"));
  // What began before time did is all there is.
  if (seconds && *seconds < now_ns / 1'000'000'000) options.since_ns = now_ns - *seconds * 1'000'000'000;
  if (auto since = parameters.get("sinceTime"); !since.empty()) {
    TRY(auto time, base::parse_rfc3339(since));
    options.since_ns = time.to_ns();
  }
  return options;
}

// What `kubectl logs` says of a container that has no log to show; nothing when it has one.
std::optional<base::Error> no_log(const core::Pod& pod, const std::string& name) {
  std::string which = base::cat({"container ", base::quote(name), " in pod ", base::quote(pod.metadata.name)});
  const auto* status = find_status(pod.status, name);
  bool known = find_container(pod, name) != nullptr;
  for (const auto& one : pod.spec.ephemeral_containers) known = known || one.name == name;
  if (!known) {
    return base::Error(base::Code::NotFound, base::cat({"container ", base::quote(name), " not found in pod ",
                                                        base::quote(pod.metadata.name)}));
  }
  std::string reason = status != nullptr && status->state.waiting ? status->state.waiting->reason : "";
  if (reason.empty()) return base::Error(base::Code::Invalid, which + " is not available");
  if (reason == "ErrImagePull" || reason == "ImagePullBackOff") reason = "trying and failing to pull image";
  if (reason == "InvalidImageName") reason = "image can't be pulled";
  return base::Error(base::Code::Invalid, which + " is waiting to start: " + reason);
}

base::Result<std::shared_ptr<io::TlsServer>> make_tls(const KubeletOptions& options) {
  io::TlsServer::Options tls;
  if (!options.certificate_file.empty()) {
    tls.certificate.chain.file = options.certificate_file;
    tls.certificate.key.file = options.key_file;
  } else {
    TRY(auto pair,
        pki::make_self_signed(options.node_name, {options.node_name}, options.node_addresses, base::system_clock()));
    tls.certificate.chain.text = pair.certificate_pem;
    tls.certificate.key.text = pair.key_pem;
  }
  tls.version_min = options.tls_version_min;
  tls.ciphers = options.tls_ciphers;
  if (!options.client_ca_file.empty()) tls.client_authorities = {{.file = options.client_ca_file}};
  return io::TlsServer::create(std::move(tls));
}

}  // namespace

struct Server::State {
  State(const KubeletOptions& given_options, PodView& given_pods, Runtime& given_runtime, Access& given_access,
        KubeletMetrics& given_metrics)
      : options(given_options),
        pods(given_pods),
        runtime(given_runtime),
        access(given_access),
        metrics(given_metrics) {}

  // Counted under what is asked for, of which there are few, not under the whole path.
  io::Task<void> serve(const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       io::ResponseWriter& writer) {
    constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    std::string kind = kind_of(request.path());
    std::string_view method =
        std::ranges::find(kMethods, request.method) != std::end(kMethods) ? std::string_view(request.method) : "other";
    std::string_view is_long = kind == "exec" || kind == "attach" ? "true" : "false";
    auto& inflight = metrics.http_inflight.with({is_long, method, kind, "readwrite"});
    int64_t began = io::Loop::current().clock().monotonic_ns();
    metrics.http_requests.with({is_long, method, kind, "readwrite"}).add();
    inflight.add(1);
    struct Ended {
      base::Gauge& gauge;
      ~Ended() { gauge.add(-1); }
    } ended{inflight};
    co_await serve_counted(request, peer, body, writer);
    metrics.http_durations.with({is_long, method, kind, "readwrite"})
        .observe(static_cast<double>(io::Loop::current().clock().monotonic_ns() - began) / 1e9);
  }

  io::Task<void> serve_counted(const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                               io::ResponseWriter& writer) {
    std::string path(request.path());
    auto parts = base::split(std::string_view(path).substr(path.starts_with('/') ? 1 : 0), '/');
    std::string_view first = parts[0];
    auto allowed = co_await access.check(request, peer, verb_of(request.method), subresources_of(first));
    if (!allowed) {
      refuse(writer, allowed.error());
      co_return;
    }
    Parameters parameters(request.query());
    if (!options.debugging_handlers && is_debugging(first)) {
      answer(writer, 405, "Debug endpoints are disabled.\n");
    } else if (path == "/healthz" || path == "/healthz/ping" || path == "/healthz/log" || path == "/healthz/syncloop") {
      answer(writer, 200, "ok");
    } else if (path == "/configz") {
      answer(writer, 200, base::cat({"{\"kubeletconfig\":", options.configuration, "}"}), "application/json");
    } else if (first == "metrics" && parts.size() == 1) {
      answer(writer, 200, co_await pods.metrics(), kPrometheusText);
    } else if (path == "/metrics/resource") {
      answer(writer, 200, co_await pods.resource_metrics(), kPrometheusText);
    } else if (path == "/metrics/probes") {
      answer(writer, 200, pods.probe_metrics(), kPrometheusText);
    } else if (path == "/metrics/cadvisor") {
      answer(writer, 200, co_await pods.cadvisor_metrics(), kPrometheusText);
    } else if (path == "/stats/summary") {
      answer(writer, 200, co_await pods.summary(parameters.flag("only_cpu_and_memory")), "application/json");
    } else if (first == "pods") {
      answer(writer, 200, pod_list(), "application/json");
    } else if (first == "runningpods") {
      answer(writer, 200, running_pod_list(), "application/json");
    } else if (first == "run" && request.method == "POST") {
      if (auto target = parse_target(parts, true)) {
        co_await serve_run(std::move(*target), parameters.get("cmd"), writer);
        co_return;
      }
      answer(writer, 404, "404 page not found\n");
    } else if (first == "checkpoint" && request.method == "POST") {
      if (auto target = parse_target(parts, true)) {
        co_await serve_checkpoint(std::move(*target), parameters, writer);
        co_return;
      }
      answer(writer, 404, "404 page not found\n");
    } else if (first == "logs" && (request.method == "GET" || request.method == "HEAD")) {
      co_await serve_node_log({.root = options.node_log_directory, .query = options.log_query}, path,
                              std::string(request.query()), writer);
    } else if (first == "containerLogs") {
      if (auto target = parse_target(parts, true)) {
        co_await serve_log(std::move(*target), parameters, writer);
        co_return;
      }
      answer(writer, 404, "404 page not found\n");
    } else if (first == "exec" || first == "attach") {
      if (auto target = parse_target(parts, true)) {
        co_await serve_command(first == "exec", std::move(*target), parameters, request, writer);
        co_return;
      }
      answer(writer, 404, "404 page not found\n");
    } else if (first == "portForward") {
      if (auto target = parse_target(parts, false)) {
        co_await serve_port_forward(std::move(*target), request, writer);
        co_return;
      }
      answer(writer, 404, "404 page not found\n");
    } else if (auto page = options.pages.find(path); page != options.pages.end()) {
      answer(writer, 200, page->second());
    } else {
      answer(writer, 404, "404 page not found\n");
    }
  }

  std::string pod_list() const {
    core::PodList list;
    for (const auto& pod : pods.pods()) list.items.push_back(*pod);
    return schema::to_json(list);
  }

  // Those with something that runs, as far as the runtime can tell of them.
  std::string running_pod_list() const {
    core::PodList list;
    for (const auto& pod : pods.pods()) {
      const auto* record = pods.record(pod->metadata.namespace_, pod->metadata.name, pod->metadata.uid);
      if (record == nullptr || !record->any_running()) continue;
      auto& shown = list.items.emplace_back();
      shown.metadata.name = pod->metadata.name;
      shown.metadata.namespace_ = pod->metadata.namespace_;
      shown.metadata.uid = pod->metadata.uid;
      for (const auto& container : record->containers) {
        if (!container.is_running()) continue;
        auto& one = shown.spec.containers.emplace_back();
        one.name = container.name;
        one.image = container.image;
      }
    }
    return schema::to_json(list);
  }

  // A command without streams: what it wrote, all together.
  io::Task<void> serve_run(Target target, std::string command, io::ResponseWriter& writer) {
    const auto* found = find(target, false);
    if (found == nullptr || !found->is_running()) {
      answer(writer, 404, base::cat({"container not found (", base::quote(target.container), ")"}));
      co_return;
    }
    std::vector<std::string> words;
    for (auto word : base::split(command, ' ')) words.emplace_back(word);
    auto ran = co_await runtime.exec_sync(found->id, std::move(words), 0);
    if (!ran) {
      answer(writer, 500, ran.error().message());
      co_return;
    }
    answer(writer, ran->exit_code == 0 ? 200 : 500, ran->stdout + ran->stderr);
  }

  const ContainerRecord* find(const Target& target, bool previous) const {
    const auto* record = pods.record(target.namespace_, target.pod, target.uid);
    if (record == nullptr) return nullptr;
    const ContainerRecord* newest = nullptr;
    for (const auto& container : record->containers) {
      if (container.name != target.container) continue;
      if (newest == nullptr) {
        newest = &container;
        if (!previous) return newest;
      } else {
        return &container;
      }
    }
    return nullptr;
  }

  io::Task<void> serve_log(Target target, const Parameters& parameters, io::ResponseWriter& writer) {
    bool previous = parameters.flag("previous");
    auto log = log_options(parameters, base::system_clock().wall_ns());
    if (!log) {
      refuse(writer, log.error());
      co_return;
    }
    const auto* pod = pods.pod(target.namespace_, target.pod, target.uid);
    if (pod == nullptr) {
      answer(writer, 404, base::cat({"pod ", base::quote(target.pod), " not found"}));
      co_return;
    }
    const auto* container = find(target, previous);
    if (container == nullptr && previous) {
      // In the pause before a restart the newest one is what ran before.
      const auto* newest = find(target, false);
      const auto* status = find_status(pod->status, target.container);
      if (newest != nullptr && !newest->is_running() && status != nullptr && status->state.waiting) container = newest;
    }
    if (container == nullptr || container->phase == ContainerPhase::Created) {
      auto missing = no_log(*pod, target.container);
      if (previous && (!missing || missing->code() != base::Code::NotFound)) {
        missing =
            base::Error(base::Code::Invalid, base::cat({"previous terminated container ", base::quote(target.container),
                                                        " in pod ", base::quote(target.pod), " not found"}));
      }
      if (!missing) missing = base::Error(base::Code::Invalid, "the container has no log");
      refuse(writer, *missing);
      co_return;
    }
    io::Headers headers;
    headers.add("content-type", "text/plain");
    writer.start(200, std::move(headers));
    auto sink = [&writer](std::string text) { return writer.write(base::Bytes(std::move(text))); };
    auto running = [this, id = container->id, target]() { return is_running(id, target); };
    auto path = container->log_path;
    auto done = co_await read_log(path, std::move(*log), running, sink);
    if (!done && done.error().code() == base::Code::NotFound) {
      auto told = co_await writer.write(base::Bytes(
          base::cat({"failed to try resolving symlinks in path ", base::quote(path), ": no such file or directory"})));
      static_cast<void>(told);
    }
    writer.finish();
  }

  // Below the kubelet's folder, as upstream names it.
  io::Task<void> serve_checkpoint(Target target, const Parameters& parameters, io::ResponseWriter& writer) {
    const auto* found = find(target, false);
    if (found == nullptr || !found->is_running()) {
      answer(writer, 404,
             base::cat({"container ", base::quote(target.container), " not found in pod ", base::quote(target.pod)}));
      co_return;
    }
    auto timeout = number(parameters, "timeout");
    if (!timeout) {
      answer(writer, 400, "cannot parse value of timeout parameter");
      co_return;
    }
    std::string id = found->id;
    std::string directory = options.root_directory + "/checkpoints";
    if (auto made = base::make_directories(directory, 0700); !made) {
      refuse(writer, made.error());
      co_return;
    }
    auto now = base::Time::from_ns(base::system_clock().wall_ns()).truncated_to_seconds();
    std::string location = base::cat({directory, "/checkpoint-", target.pod, "_", target.namespace_, "-",
                                      target.container, "-", base::format_rfc3339(now), ".tar"});
    auto done = co_await runtime.checkpoint_container(std::move(id), location, timeout->value_or(0));
    if (!done) {
      answer(writer, 500,
             base::cat({"checkpointing of ", target.namespace_, "/", target.pod, "/", target.container, " failed (",
                        done.error().message(), ")"}));
      co_return;
    }
    schema::Value items = schema::Value::array({schema::Value(location)});
    answer(writer, 200, schema::Value::object({{"items", std::move(items)}}).to_json(), "application/json");
  }

  io::Task<bool> is_running(std::string id, Target target) {
    const auto* record = pods.record(target.namespace_, target.pod, target.uid);
    if (record == nullptr) co_return false;
    for (const auto& container : record->containers) {
      if (container.id == id) co_return container.is_running();
    }
    co_return false;
  }

  io::Task<void> serve_command(bool exec, Target target, const Parameters& parameters, const io::Request& request,
                               io::ResponseWriter& writer) {
    const auto* found = find(target, false);
    if (found == nullptr || !found->is_running()) {
      answer(writer, 404, base::cat({"container not found (", base::quote(target.container), ")"}));
      co_return;
    }
    co_await streams.serve_command(exec, found->id, parameters.all("command"), request, writer);
  }

  io::Task<void> serve_port_forward(Target target, const io::Request& request, io::ResponseWriter& writer) {
    const auto* record = pods.record(target.namespace_, target.pod, target.uid);
    if (record == nullptr || record->sandboxes.empty() || !record->sandboxes.front().ready) {
      answer(writer, 404, base::cat({"pod ", base::quote(target.pod), " not found"}));
      co_return;
    }
    co_await streams.serve_port_forward(record->sandboxes.front().id, request, writer);
  }

  const KubeletOptions& options;
  PodView& pods;
  Runtime& runtime;
  Access& access;
  KubeletMetrics& metrics;
  Streams streams{runtime};
  std::unique_ptr<io::HttpServer> http;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::create(const KubeletOptions& options, PodView& pods, Runtime& runtime,
                                                     Access& access, KubeletMetrics& metrics) {
  auto state = std::make_unique<State>(options, pods, runtime, access, metrics);
  TRY(auto tls, make_tls(options));
  io::HttpServerOptions http;
  http.address.host = options.address;
  http.address.port = options.port;
  http.tls = std::move(tls);
  auto handler = [state = state.get()](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                                       io::ResponseWriter& writer) {
    return state->serve(request, peer, body, writer);
  };
  TRY(state->http, io::HttpServer::create(std::move(http), std::move(handler)));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

const io::Address& Server::address() const {
  return state_->http->address();
}
io::Task<void> Server::close() {
  co_await state_->http->close(kDrainTime);
}

}  // namespace kubelet
