#include "kubelet/server/server.h"

#include <optional>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/port_forward.h"
#include "io/remote_command.h"
#include "io/splice.h"
#include "io/upgrade.h"
#include "kubelet/pods/pod.h"
#include "kubelet/runtime/cri/cri_client.h"
#include "kubelet/server/logs.h"
#include "pki/cluster.h"
#include "schema/json.h"

namespace kubelet {
namespace {

namespace core = api::core_v1;

constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

// The parameters of a URL.
class Parameters {
 public:
  explicit Parameters(std::string_view query) {
    for (auto pair : base::split(query, '&')) {
      auto equals = pair.find('=');
      auto name = base::url_decode(pair.substr(0, equals), true);
      auto value = equals == std::string_view::npos ? base::Result<std::string>("")
                                                    : base::url_decode(pair.substr(equals + 1), true);
      if (name && value && !name->empty()) values_.emplace_back(std::move(*name), std::move(*value));
    }
  }
  std::string get(std::string_view name) const {
    for (const auto& [key, value] : values_) {
      if (key == name) return value;
    }
    return "";
  }
  bool flag(std::string_view name) const {
    auto value = get(name);
    return value == "true" || value == "1";
  }
  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [key, value] : values_) {
      if (key == name) found.push_back(value);
    }
    return found;
  }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

void answer(io::ResponseWriter& writer, int status, std::string text,
            std::string_view type = "text/plain; charset=utf-8") {
  io::Headers headers;
  headers.add("content-type", type);
  headers.add("x-content-type-options", "nosniff");
  writer.send(status, std::move(headers), base::Bytes(std::move(text)));
}

int status_of(const base::Error& error) {
  switch (error.code()) {
    case base::Code::Unauthorized:
      return 401;
    case base::Code::Forbidden:
      return 403;
    case base::Code::NotFound:
      return 404;
    case base::Code::BadRequest:
    case base::Code::Invalid:
      return 400;
    case base::Code::Unavailable:
      return 503;
    default:
      return 500;
  }
}

void refuse(io::ResponseWriter& writer, const base::Error& error) {
  answer(writer, status_of(error), error.message());
}

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
  if (first == "pods" || first == "healthz" || first == "configz") return {std::string(first), "proxy"};
  return {"proxy"};
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
  if (seconds) options.since_ns = now_ns - *seconds * 1'000'000'000;
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
  if (!options.client_ca_file.empty()) tls.client_ca.file = options.client_ca_file;
  return io::TlsServer::create(std::move(tls));
}

}  // namespace

struct Server::State {
  State(const KubeletOptions& given_options, PodView& given_pods, Runtime& given_runtime, Access& given_access)
      : options(given_options), pods(given_pods), runtime(given_runtime), access(given_access) {}

  io::Task<void> serve(const io::Request& request, const io::Peer& peer, io::RequestBody&, io::ResponseWriter& writer) {
    std::string path(request.path());
    auto parts = base::split(std::string_view(path).substr(path.starts_with('/') ? 1 : 0), '/');
    std::string_view first = parts[0];
    auto allowed = co_await access.check(request, peer, verb_of(request.method), subresources_of(first));
    if (!allowed) {
      refuse(writer, allowed.error());
      co_return;
    }
    Parameters parameters(request.query());
    if (path == "/healthz" || path == "/healthz/ping" || path == "/healthz/log" || path == "/healthz/syncloop") {
      answer(writer, 200, "ok");
    } else if (path == "/configz") {
      answer(writer, 200, base::cat({"{\"kubeletconfig\":", options.configuration, "}"}), "application/json");
    } else if (first == "metrics" && parts.size() == 1) {
      answer(writer, 200, metrics(), kPrometheusText);
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

  std::string metrics() const {
    int64_t running_pods = 0, running = 0, exited = 0, created = 0;
    for (const auto& pod : pods.pods()) {
      const auto* record = pods.record(pod->metadata.namespace_, pod->metadata.name, pod->metadata.uid);
      if (record == nullptr) continue;
      if (!record->sandboxes.empty() && record->sandboxes.front().ready) ++running_pods;
      for (const auto& container : record->containers) {
        ++(container.phase == ContainerPhase::Running  ? running
           : container.phase == ContainerPhase::Exited ? exited
                                                       : created);
      }
    }
    auto line = [](std::string_view name, std::string_view labels, int64_t value) {
      return base::cat({name, labels, " ", std::to_string(value), "\n"});
    };
    std::string out = base::cat({"# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.\n",
                                 "# TYPE kubelet_node_name gauge\n"});
    out += line("kubelet_node_name", base::cat({"{node=\"", options.node_name, "\"}"}), 1);
    out +=
        "# HELP kubelet_running_containers [ALPHA] Number of containers currently running\n"
        "# TYPE kubelet_running_containers gauge\n";
    out += line("kubelet_running_containers", "{container_state=\"created\"}", created);
    out += line("kubelet_running_containers", "{container_state=\"exited\"}", exited);
    out += line("kubelet_running_containers", "{container_state=\"running\"}", running);
    out +=
        "# HELP kubelet_running_pods [ALPHA] Number of pods that have a running pod sandbox\n"
        "# TYPE kubelet_running_pods gauge\n";
    out += line("kubelet_running_pods", "", running_pods);
    return out;
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

  io::Task<bool> is_running(std::string id, Target target) {
    const auto* record = pods.record(target.namespace_, target.pod, target.uid);
    if (record == nullptr) co_return false;
    for (const auto& container : record->containers) {
      if (container.id == id) co_return container.is_running();
    }
    co_return false;
  }

  // Where the runtime streams the command.
  io::Task<base::Result<std::string>> command_url(bool exec, const ContainerRecord& container,
                                                  std::vector<std::string> command, io::RemoteCommandOptions wanted) {
    if (exec) {
      cri::ExecRequest ask;
      ask.container_id = container.id;
      ask.cmd = std::move(command);
      ask.tty = wanted.tty;
      ask.stdin = wanted.stdin_stream;
      ask.stdout = wanted.stdout_stream;
      ask.stderr = wanted.stderr_stream;
      co_return co_await runtime.exec(std::move(ask));
    }
    cri::AttachRequest ask;
    ask.container_id = container.id;
    ask.tty = wanted.tty;
    ask.stdin = wanted.stdin_stream;
    ask.stdout = wanted.stdout_stream;
    ask.stderr = wanted.stderr_stream;
    co_return co_await runtime.attach(std::move(ask));
  }

  io::Task<void> serve_command(bool exec, Target target, const Parameters& parameters, const io::Request& request,
                               io::ResponseWriter& writer) {
    const auto* found = find(target, false);
    if (found == nullptr || !found->is_running()) {
      answer(writer, 404, base::cat({"container not found (", base::quote(target.container), ")"}));
      co_return;
    }
    ContainerRecord container = *found;
    auto wanted = io::RemoteCommandOptions::from_query(request.query());
    if (!wanted) {
      refuse(writer, wanted.error());
      co_return;
    }
    auto url = co_await command_url(exec, container, parameters.all("command"), *wanted);
    if (!url) {
      refuse(writer, url.error());
      co_return;
    }
    auto front = co_await io::accept_remote_command(request, writer, *wanted);
    if (!front) co_return;  // it has been told
    auto back = co_await connect_command(std::move(*url), *wanted);
    if (!back) {
      LOG_WARNING("Runtime cannot be spoken to", {"container", container.id}, {"err", back.error().message()});
      co_await io::refuse(**front, back.error().message());
      co_return;
    }
    co_await io::translate(**front, **back);
  }

  static io::Task<base::Result<std::unique_ptr<io::RemoteCommand>>> connect_command(std::string url,
                                                                                    io::RemoteCommandOptions wanted) {
    CO_TRY(auto place, parse_streaming_url(url));
    CO_TRY(auto transport, co_await io::connect(place.address));
    io::Request request{.target = place.target, .authority = place.authority};
    co_return co_await io::connect_remote_command(io::make_stream(std::move(transport)), std::move(request),
                                                  io::RemoteWire::Spdy, wanted);
  }

  io::Task<void> serve_port_forward(Target target, const io::Request& request, io::ResponseWriter& writer) {
    const auto* record = pods.record(target.namespace_, target.pod, target.uid);
    if (record == nullptr || record->sandboxes.empty() || !record->sandboxes.front().ready) {
      answer(writer, 404, base::cat({"pod ", base::quote(target.pod), " not found"}));
      co_return;
    }
    cri::PortForwardRequest ask;
    ask.pod_sandbox_id = record->sandboxes.front().id;
    auto url = co_await runtime.port_forward(std::move(ask));
    if (!url) {
      refuse(writer, url.error());
      co_return;
    }
    auto back = co_await connect_tunnel(std::move(*url));
    if (!back) {
      refuse(writer, back.error());
      co_return;
    }
    auto front = io::accept_port_forward_tunnel(request, writer);
    if (!front) {
      if (front.error().code() == base::Code::MethodNotAllowed)
        answer(writer, 400, "this port forwarding protocol is not supported");
      co_return;
    }
    co_await io::splice(*front->spdy, **back);
  }

  static io::Task<base::Result<std::unique_ptr<io::Stream>>> connect_tunnel(std::string url) {
    CO_TRY(auto place, parse_streaming_url(url));
    CO_TRY(auto transport, co_await io::connect(place.address));
    io::Request request{.method = "POST", .target = place.target, .authority = place.authority};
    io::ask_for_spdy(request, {"portforward.k8s.io"});
    CO_TRY(auto upgraded, co_await io::connect_upgraded(io::make_stream(std::move(transport)), std::move(request)));
    co_return std::move(upgraded.stream);
  }

  const KubeletOptions& options;
  PodView& pods;
  Runtime& runtime;
  Access& access;
  std::unique_ptr<io::HttpServer> http;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::create(const KubeletOptions& options, PodView& pods, Runtime& runtime,
                                                     Access& access) {
  auto state = std::make_unique<State>(options, pods, runtime, access);
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
