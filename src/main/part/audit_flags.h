// The --audit-* flags: where audit events go, and how.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/flags.h"

namespace navarch {

struct ApiServerOptions;

// What was given, as text where it has to be read or checked afterwards.
struct AuditFlags {
  struct Delivery {
    std::string mode;
    std::string batches_per_second;
  };
  std::string policy_file, webhook_file;
  Delivery log, webhook;
};

// `given` and `options` outlive the parsing.
void add_audit_flags(cli::Flags& flags, AuditFlags& given, ApiServerOptions& options);
// Once they are parsed. BadRequest for what makes no sense, and for files that cannot be read.
base::Result<void> complete_audit(const AuditFlags& given, ApiServerOptions& options);

}  // namespace navarch
