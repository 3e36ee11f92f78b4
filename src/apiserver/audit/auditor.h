// Writes down who did what: one event a stage of a request, to every sink. Kubernetes documentation, "Auditing".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/audit/policy.h"
#include "apiserver/audit/sink.h"
#include "apiserver/registry/call.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "io/http.h"

namespace apiserver {

// What is gathered about one request. One loop.
struct AuditRecord {
  AuditDecision decision;
  api::audit_k8s_io_v1::Event event;
  bool wants_request() const { return decision.level >= AuditLevel::Request; }
  bool wants_response() const { return decision.level == AuditLevel::RequestResponse; }
};

// Safe from any thread.
class Auditor {
 public:
  // The clock and the metrics are borrowed.
  Auditor(AuditPolicy policy, std::vector<std::unique_ptr<AuditSink>> sinks, const base::Clock& clock,
          base::Metrics& metrics);

  // A request that was refused before anybody knew whose it is: one event, of the stage ResponseStarted.
  void refused(const Call& call, const io::Request& request, const io::Peer& peer, int status,
               std::string message) const;
  // What the client tried to say who he is with, as upstream words it.
  static std::string attempted_credentials(const io::Request& request, const Query& query, const io::Peer& peer);
  // A request whose user is known, before anyone decides about it. Null when it is not written down.
  std::unique_ptr<AuditRecord> begin(const Call& call, const io::Request& request, const io::Peer& peer) const;
  // The stage RequestReceived. False when a sink that must have it has lost it.
  io::Task<bool> received(AuditRecord& record) const;
  // The user acts as another from here on. `constraint`: the verb that allows it, "" for plain impersonation.
  static void impersonated(AuditRecord& record, const User& as, const std::string& constraint);
  // The answer to a request that lives long has begun; the stage ResponseStarted.
  void started(AuditRecord& record, const Call& call, int status) const;
  // Its end; the stage ResponseComplete.
  io::Task<void> complete(AuditRecord& record, const Call& call, int status) const;
  // The same for a request whose client has gone before its end; `status` is 0 when no answer had begun. Does not wait.
  void abandoned(AuditRecord& record, const Call& call, int status) const;

  // Sends what the sinks keep back, until cancelled; then drain() sends the rest. On one loop.
  io::Task<void> run();
  io::Task<void> drain();

 private:
  void drop_managed_fields(AuditRecord& record) const;
  void take(AuditRecord& record, std::string_view stage) const;
  void answered(AuditRecord& record, const Call& call, int status) const;
  // The event as each sink wants it; "" when it does not fit.
  std::string rendered(AuditRecord& record, std::string_view stage) const;
  std::string fitted(const AuditSink& sink, const AuditRecord& record, const std::string& json) const;

  const AuditPolicy policy_;
  const std::vector<std::unique_ptr<AuditSink>> sinks_;
  const base::Clock& clock_;
  base::Counter& events_;
  base::Counters& levels_;
  base::Counter& refused_;
  io::Scope scope_;
};

}  // namespace apiserver
