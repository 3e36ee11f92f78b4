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
  Auditor(AuditPolicy policy, std::vector<std::unique_ptr<AuditSink>> sinks, const base::Clock& clock);

  // A request whose user is known, before anyone decides about it; the stage RequestReceived. Null when it is not
  // written down.
  std::unique_ptr<AuditRecord> begin(const Call& call, const io::Request& request, const io::Peer& peer) const;
  // The answer to a request that lives long has begun; the stage ResponseStarted.
  void started(AuditRecord& record, const Call& call, int status) const;
  // Its end; the stage ResponseComplete. `call` with the user that was acted for.
  void complete(AuditRecord& record, const Call& call, int status) const;

 private:
  void answered(AuditRecord& record, const Call& call, int status, std::string_view stage) const;
  void write(AuditRecord& record, std::string_view stage) const;

  const AuditPolicy policy_;
  const std::vector<std::unique_ptr<AuditSink>> sinks_;
  const base::Clock& clock_;
};

}  // namespace apiserver
