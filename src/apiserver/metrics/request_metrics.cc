#include "apiserver/metrics/request_metrics.h"

#include "base/strings.h"

namespace apiserver {
namespace {

using base::Stability;

const std::vector<double> kSecondsBounds = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
                                            3,     4,     5,    6,   8,   10,  15,  20,  30, 45,   60};

// Anything else that a client may write there would make a member of its own.
std::string method_of(const Call& call) {
  for (std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}) {
    if (call.method == known) return call.method;
  }
  return "other";
}

// The verbs of the metrics: those of HTTP in capitals, but lists, watches and applies told apart.
std::string verb_of(const Call& call) {
  const auto& info = call.info;
  if (!info.is_resource) return method_of(call);
  if (info.verb == "list") return "LIST";
  if (info.verb == "watch") return "WATCH";
  if (info.verb == "deletecollection") return "DELETECOLLECTION";
  std::string_view sub = info.subresource;
  if (sub == "exec" || sub == "attach" || sub == "portforward" || sub == "proxy") return "CONNECT";
  if (call.method == "PATCH" && call.content_type.starts_with("application/apply-patch")) return "APPLY";
  return method_of(call);
}

std::string_view scope_of(const Call& call) {
  const auto& info = call.info;
  if (!info.is_resource) return "";
  if (!info.name.empty() || info.verb == "create") return "resource";
  return info.namespace_.empty() ? "cluster" : "namespace";
}

std::string_view dry_run_of(const Call& call) {
  return call.query.get("dryRun") == "All" ? "All" : "";
}

bool counts_for_objectives(std::string_view verb) {
  return verb != "WATCH" && verb != "CONNECT";
}

}  // namespace

RequestMetrics::RequestMetrics(base::Metrics& metrics)
    : requests_(metrics.counters(
          {"apiserver_request_total",
           "Requests answered, by what they were about and how they ended.",
           Stability::Stable,
           {"code", "component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"}})),
      seconds_(
          metrics.histograms({"apiserver_request_duration_seconds",
                              "How long requests took, in seconds.",
                              Stability::Stable,
                              {"component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"}},
                             kSecondsBounds)),
      sli_seconds_(metrics.histograms({"apiserver_request_sli_duration_seconds",
                                       "How long requests took that count for service levels, in seconds.",
                                       Stability::Stable,
                                       {"component", "group", "resource", "scope", "subresource", "verb", "version"}},
                                      kSecondsBounds)),
      response_bytes_(
          metrics.histograms({"apiserver_response_sizes",
                              "Sizes of answers in bytes.",
                              Stability::Stable,
                              {"component", "group", "resource", "scope", "subresource", "verb", "version"}},
                             base::exponential_bounds(1000, 10, 7))),
      long_running_(metrics.gauges({"apiserver_longrunning_requests",
                                    "Watches, proxies and the like that are open.",
                                    Stability::Stable,
                                    {"component", "group", "resource", "scope", "subresource", "verb", "version"}})),
      deprecated_(metrics.gauges({"apiserver_requested_deprecated_apis",
                                  "Always 1, for each deprecated API that was asked for.",
                                  Stability::Stable,
                                  {"group", "removed_release", "resource", "subresource", "version"}})),
      watch_events_(metrics.counters({"apiserver_watch_events_total",
                                      "Events sent to watchers.",
                                      Stability::Alpha,
                                      {"group", "resource", "version"}})),
      watch_event_bytes_(metrics.histograms({"apiserver_watch_events_sizes",
                                             "Sizes of events sent to watchers, in bytes.",
                                             Stability::Alpha,
                                             {"group", "resource", "version"}},
                                            base::exponential_bounds(1024, 2, 8))),
      authentications_(
          metrics.counters({"authentication_attempts", "Credentials looked at.", Stability::Alpha, {"result"}})),
      authentication_seconds_(metrics.histograms(
          {"authentication_duration_seconds", "How long that took, in seconds.", Stability::Alpha, {"result"}},
          base::exponential_bounds(0.001, 2, 15))),
      authorizations_(
          metrics.counters({"authorization_attempts_total", "Decisions on who may.", Stability::Alpha, {"result"}})),
      authorization_seconds_(metrics.histograms(
          {"authorization_duration_seconds", "How long those took, in seconds.", Stability::Alpha, {"result"}},
          base::exponential_bounds(0.001, 2, 15))) {}

void RequestMetrics::count(const Call& call, bool known, const RequestOutcome& outcome) {
  const auto& info = call.info;
  std::string verb = verb_of(call);
  std::string_view scope = scope_of(call);
  std::string_view dry_run = dry_run_of(call);
  std::string_view group, version, resource, sub;
  if (known) group = info.group, version = info.version, resource = info.resource, sub = info.subresource;
  std::string status = std::to_string(outcome.status);
  bool has_size = call.method == "GET" && info.is_resource;
  Members members = members_of({status, dry_run, group, resource, scope, sub, verb, version, has_size ? "s" : ""}, [&] {
    bool is_timed = counts_for_objectives(verb);
    return Members{
        .requests = requests_.with({status, "apiserver", dry_run, group, resource, scope, sub, verb, version}),
        .seconds = seconds_.with({"apiserver", dry_run, group, resource, scope, sub, verb, version}),
        .sli_seconds =
            is_timed ? &sli_seconds_.with({"apiserver", group, resource, scope, sub, verb, version}) : nullptr,
        .response_bytes = is_timed && has_size
                              ? &response_bytes_.with({"apiserver", group, resource, scope, sub, verb, version})
                              : nullptr};
  });
  members.requests.add();
  members.seconds.observe(outcome.seconds);
  if (members.sli_seconds != nullptr) members.sli_seconds->observe(outcome.seconds);
  if (members.response_bytes != nullptr) members.response_bytes->observe(static_cast<double>(outcome.bytes));
}

template <class Find>
RequestMetrics::Members RequestMetrics::members_of(std::initializer_list<std::string_view> request, Find find) {
  thread_local std::string key;
  key.clear();
  for (std::string_view part : request) key.append(part) += '\0';
  {
    base::Lock lock(mutex_);
    auto known = members_.find(key);
    if (known != members_.end()) return known->second;
  }
  Members found = find();
  base::Lock lock(mutex_);
  return members_.emplace(key, found).first->second;
}

void RequestMetrics::count_long_running(const Call& call, int change) {
  const auto& info = call.info;
  long_running_
      .with({"apiserver", info.group, info.resource, scope_of(call), info.subresource, verb_of(call), info.version})
      .add(change);
}

void RequestMetrics::note_deprecated(const Call& call) {
  const auto& info = call.info;
  deprecated_.with({info.group, "", info.resource, info.subresource, info.version}).set(1);
}

RequestMetrics::WatchEvents RequestMetrics::watch_events(const Call& call) {
  const auto& info = call.info;
  return {watch_events_.with({info.group, info.resource, info.version}),
          watch_event_bytes_.with({info.group, info.resource, info.version})};
}

void RequestMetrics::count_authentication(std::string_view result, int64_t ns) {
  authentications_.with({result}).add();
  authentication_seconds_.with({result}).observe(static_cast<double>(ns) / 1e9);
}

void RequestMetrics::count_authorization(const Authorization& answer, int64_t ns) {
  std::string_view result = answer.allowed()                    ? "allowed"
                            : !answer.error.empty()             ? "error"
                            : answer.decision == Decision::Deny ? "denied"
                                                                : "no-opinion";
  authorizations_.with({result}).add();
  authorization_seconds_.with({result}).observe(static_cast<double>(ns) / 1e9);
}

void MeteredWriter::begin(int status, io::Headers& headers) {
  status_ = status;
  if (hook_) hook_(status, headers);
}

void MeteredWriter::start(int status, io::Headers headers) {
  begin(status, headers);
  writer_.start(status, std::move(headers));
}

io::Task<base::Result<void>> MeteredWriter::write(base::Bytes chunk) {
  bytes_ += chunk.size();
  return writer_.write(std::move(chunk));
}

void MeteredWriter::send(int status, io::Headers headers, base::Bytes body) {
  begin(status, headers);
  bytes_ += body.size();
  writer_.send(status, std::move(headers), std::move(body));
}

base::Result<std::unique_ptr<io::Stream>> MeteredWriter::upgrade(io::Headers headers) {
  begin(101, headers);
  return writer_.upgrade(std::move(headers));
}

}  // namespace apiserver
