#include "apiserver/audit/auditor.h"

#include "base/log.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace audit = api::audit_k8s_io_v1;

constexpr int kTimeoutStatus = 504;  // what upstream calls a request that its client left

std::string_view without_port(std::string_view address) {
  if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.rfind(':'));
}

// The client as far as proxies tell, then who is connected.
std::vector<std::string> source_ips(const io::Headers& headers, const io::Peer& peer) {
  std::vector<std::string> ips;
  auto add = [&](std::string_view ip) {
    if (!ip.empty() && (ips.empty() || ips.back() != ip)) ips.emplace_back(ip);
  };
  for (auto list : headers.all("x-forwarded-for")) {
    for (auto ip : base::split(list, ',')) add(base::trim(ip));
  }
  if (ips.empty()) add(base::trim(headers.get("x-real-ip")));
  add(without_port(peer.address));
  return ips;
}

template <class Info>
void fill(Info& info, const User& user) {
  info.username = user.name;
  info.uid = user.uid;
  info.groups = user.groups;
  info.extra = user.extra;
}

void strip_managed_fields(schema::Value& object) {
  if (auto* metadata = object.find("metadata"); metadata != nullptr && metadata->is_object()) {
    metadata->as_object().erase("managedFields");
  }
}

// Of an object, or of all in a list.
std::string without_managed_fields(std::string json) {
  if (json.find("\"managedFields\"") == std::string::npos) return json;
  auto object = schema::Value::parse(json);
  if (!object) return json;
  strip_managed_fields(*object);
  if (auto* items = object->find("items"); items != nullptr && items->is_array()) {
    for (auto& item : items->as_array()) strip_managed_fields(item);
  }
  return object->to_json();
}

std::string json_of(const audit::Event& event) {
  std::string json;
  schema::append_json(json, audit::Event::kType, &event);
  return json;
}

// Without the objects, and marked so.
std::string truncated(const audit::Event& event) {
  audit::Event rest = event;
  rest.request_object = {};
  rest.response_object = {};
  rest.annotations["audit.k8s.io/truncated"] = "true";
  return json_of(rest);
}

}  // namespace

Auditor::Auditor(AuditPolicy policy, std::vector<std::unique_ptr<AuditSink>> sinks, const base::Clock& clock,
                 base::Metrics& metrics)
    : policy_(std::move(policy)),
      sinks_(std::move(sinks)),
      clock_(clock),
      events_(
          metrics.counters({"apiserver_audit_event_total", "Audit events made.", base::Stability::Alpha, {}}).alone()),
      levels_(metrics.counters({"apiserver_audit_level_total",
                                "Requests by the level at which they are written down.",
                                base::Stability::Alpha,
                                {"level"}})),
      refused_(metrics
                   .counters({"apiserver_audit_requests_rejected_total",
                              "Requests refused because they could not be written down.",
                              base::Stability::Alpha,
                              {}})
                   .alone()) {}

void Auditor::refused(const Call& call, const io::Request& request, const io::Peer& peer, int status,
                      std::string message) const {
  auto record = begin(call, request, peer);
  if (record == nullptr) return;
  answered(*record, call, status);
  record->event.response_status->message = std::move(message);
  take(*record, "ResponseStarted");
}

std::string Auditor::attempted_credentials(const io::Request& request, const Query& query, const io::Peer& peer) {
  std::vector<std::string> attempts;
  auto header = base::trim(request.headers.get("authorization"));
  auto scheme = header.substr(0, header.find(' '));
  if (scheme.size() < header.size()) {
    for (std::string_view known : {"basic", "bearer"})
      if (base::equals_ignoring_case(scheme, known)) attempts.emplace_back(known);
  }
  if (!base::trim(query.get("access_token")).empty()) attempts.emplace_back("access_token");
  if (!peer.certificates_der.empty()) attempts.emplace_back("x509");
  if (attempts.empty()) return "Authentication failed, no credentials provided";
  return base::cat({"Authentication failed, attempted: ", base::join(attempts, ", ")});
}

std::unique_ptr<AuditRecord> Auditor::begin(const Call& call, const io::Request& request, const io::Peer& peer) const {
  auto decision = policy_.decide(authorization_attributes(call.info, call.query, call.user));
  levels_.with({level_name(decision.level)}).add();
  if (decision.level == AuditLevel::None) return nullptr;
  auto record = std::make_unique<AuditRecord>();
  record->decision = std::move(decision);
  auto& event = record->event;
  event.level = level_name(record->decision.level);
  event.audit_id = call.audit_id;
  event.request_uri = request.target;
  event.verb = call.info.verb;
  fill(event.user, call.user);
  event.source_ips = source_ips(request.headers, peer);
  event.user_agent = call.user_agent;
  event.request_received_timestamp = base::Time::from_ns(clock_.wall_ns());
  if (call.info.is_resource) {
    auto& object = event.object_ref.emplace();
    object.resource = call.info.resource;
    object.subresource = call.info.subresource;
    object.namespace_ = call.info.namespace_;
    object.name = call.info.name;
    object.api_group = call.info.group;
    object.api_version = call.info.version;
  }
  return record;
}

io::Task<bool> Auditor::received(AuditRecord& record) const {
  if (record.decision.omits("RequestReceived")) co_return true;
  std::string json = rendered(record, "RequestReceived");
  bool kept = true;
  for (const auto& sink : sinks_) {
    std::string text = fitted(*sink, record, json);
    if (text.empty()) continue;
    bool taken = co_await sink->deliver(std::move(text));
    if (!taken && sink->is_strict()) kept = false;
  }
  if (!kept) refused_.add();
  co_return kept;
}

void Auditor::impersonated(AuditRecord& record, const User& as, const std::string& constraint) {
  fill(record.event.impersonated_user.emplace(), as);
  if (!constraint.empty()) record.event.authentication_metadata.emplace().impersonation_constraint = constraint;
}

void Auditor::started(AuditRecord& record, const Call& call, int status) const {
  answered(record, call, status);
  take(record, "ResponseStarted");
}

io::Task<void> Auditor::complete(AuditRecord& record, const Call& call, int status) const {
  drop_managed_fields(record);
  answered(record, call, status);
  if (record.decision.omits("ResponseComplete")) co_return;
  std::string json = rendered(record, "ResponseComplete");
  for (const auto& sink : sinks_) {
    if (std::string text = fitted(*sink, record, json); !text.empty()) co_await sink->deliver(std::move(text));
  }
}

void Auditor::abandoned(AuditRecord& record, const Call& call, int status) const {
  drop_managed_fields(record);
  answered(record, call, status != 0 ? status : kTimeoutStatus);
  if (status == 0) {
    auto& response = *record.event.response_status;
    response.status = "Failure";
    response.reason = "Timeout";
    response.message = "Timeout: request did not complete within requested timeout - context canceled";
  }
  take(record, "ResponseComplete");
}

io::Task<void> Auditor::run() {
  for (const auto& sink : sinks_) scope_.spawn(sink->run());
  io::Event never;
  co_await never.wait();
}

io::Task<void> Auditor::drain() {
  scope_.cancel();
  for (const auto& sink : sinks_) co_await sink->drain();
}

void Auditor::drop_managed_fields(AuditRecord& record) const {
  if (!record.decision.omits_managed_fields) return;
  auto& event = record.event;
  event.request_object = without_managed_fields(std::move(event.request_object));
  event.response_object = without_managed_fields(std::move(event.response_object));
}

void Auditor::take(AuditRecord& record, std::string_view stage) const {
  if (record.decision.omits(stage)) return;
  std::string json = rendered(record, stage);
  for (const auto& sink : sinks_) {
    if (std::string text = fitted(*sink, record, json); !text.empty()) sink->take(text);
  }
}

void Auditor::answered(AuditRecord& record, const Call& call, int status) const {
  auto& response = record.event.response_status.emplace();
  response.code = status;
  for (const auto& [key, value] : call.audit_annotations) record.event.annotations.emplace(key, value);
}

std::string Auditor::rendered(AuditRecord& record, std::string_view stage) const {
  record.event.stage = stage;
  record.event.stage_timestamp = base::Time::from_ns(clock_.wall_ns());
  events_.add();
  return json_of(record.event);
}

std::string Auditor::fitted(const AuditSink& sink, const AuditRecord& record, const std::string& json) const {
  size_t most = sink.event_bytes_max();
  if (most == 0 || json.size() <= most) return json;
  std::string rest = truncated(record.event);
  if (rest.size() <= most) return rest;
  LOG_WARNING("An audit event is too large even without its objects", {"auditID", record.event.audit_id});
  return "";
}

}  // namespace apiserver
