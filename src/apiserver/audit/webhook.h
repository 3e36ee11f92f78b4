// Audit events to a server, as lists of events.
#pragma once

#include <string>
#include <vector>

#include "apiserver/audit/sink.h"
#include "apiserver/outbound/post.h"

namespace apiserver {

// What the server does not take after some tries is lost.
class AuditWebhook final : public AuditBackend {
 public:
  // `initial_backoff_ns`: before the second try; later ones wait longer.
  AuditWebhook(Destination server, int64_t initial_backoff_ns)
      : server_(std::move(server)), initial_backoff_ns_(initial_backoff_ns) {}
  io::Task<bool> write(std::vector<std::string> events) override;
  Now write_now(const std::string&) override { return Now::Cannot; }

 private:
  const Destination server_;
  const int64_t initial_backoff_ns_;
};

}  // namespace apiserver
