#include "main/part/audit_flags.h"

#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"
#include "main/api_server.h"

namespace navarch {
namespace {

void add_delivery(cli::Flags& flags, const std::string& prefix, AuditFlags::Delivery& given,
                  apiserver::AuditDelivery& delivery) {
  flags.add(prefix + "-mode", &given.mode,
            "batch: requests do not wait for their events to be kept; blocking: they do; blocking-strict: and are "
            "refused where that fails");
  flags.add(prefix + "-batch-buffer-size", &delivery.waiting_max, "events that may wait in mode batch");
  flags.add(prefix + "-batch-max-size", &delivery.batch_max, "events of a batch");
  flags.add_duration(prefix + "-batch-max-wait", &delivery.batch_wait_ns, "how long a batch waits to be full");
  flags.add(prefix + "-batch-throttle-enable", &delivery.throttles, "bound how many batches go out");
  flags.add(prefix + "-batch-throttle-qps", &given.batches_per_second, "batches a second");
  flags.add(prefix + "-batch-throttle-burst", &delivery.burst, "batches at once after a pause");
  flags.add(prefix + "-truncate-enabled", &delivery.truncates, "leave the objects out of large events");
  flags.add(prefix + "-truncate-max-event-size", &delivery.event_bytes_max, "bytes above which an event is large");
  flags.add(prefix + "-truncate-max-batch-size", &delivery.batch_bytes_max, "bytes of a batch");
}

base::Result<void> complete_delivery(const std::string& prefix, const AuditFlags::Delivery& given,
                                     apiserver::AuditDelivery& delivery) {
  if (!given.mode.empty()) {
    TRY(delivery.mode, apiserver::audit_mode(given.mode));
  }
  if (!given.batches_per_second.empty()) {
    char* end = nullptr;
    delivery.batches_per_second = std::strtod(given.batches_per_second.c_str(), &end);
    if (*end != '\0') {
      return base::fail(base::Code::BadRequest,
                        base::cat({"invalid argument ", base::quote(given.batches_per_second), " for \"--", prefix,
                                   "-batch-throttle-qps\" flag: not a number"}));
    }
  }
  return delivery.validate(prefix);
}

}  // namespace

void add_audit_flags(cli::Flags& flags, AuditFlags& given, ApiServerOptions& options) {
  auto& log = options.audit_log;
  flags.add("audit-policy-file", &given.policy_file, "which requests are written down, and how much of them");
  flags.add("audit-log-path", &log.path, "the file they are written to; - is the standard output");
  flags.add("audit-log-maxsize", &log.megabytes_max, "megabytes after which a new file is begun");
  flags.add("audit-log-maxbackup", &log.backups_max, "how many old files are kept; 0 keeps all");
  flags.add("audit-log-maxage", &log.days_max, "days for which old files are kept; 0: for ever");
  flags.add("audit-log-compress", &log.compresses, "compress old files with gzip");
  add_delivery(flags, "audit-log", given.log, log.delivery);
  flags.add("audit-webhook-config-file", &given.webhook_file, "a kubeconfig: who is told of them");
  flags.add_duration("audit-webhook-initial-backoff", &options.audit_webhook_initial_backoff_ns,
                     "how long to wait before telling again what was not taken");
  add_delivery(flags, "audit-webhook", given.webhook, options.audit_webhook_delivery);
}

base::Result<void> complete_audit(const AuditFlags& given, ApiServerOptions& options) {
  TRY(complete_delivery("audit-log", given.log, options.audit_log.delivery));
  TRY(complete_delivery("audit-webhook", given.webhook, options.audit_webhook_delivery));
  auto& log = options.audit_log;
  for (auto [name, value] : {std::pair("maxsize", log.megabytes_max), std::pair("maxbackup", log.backups_max),
                             std::pair("maxage", log.days_max)}) {
    if (value >= 0) continue;
    return base::fail(base::Code::BadRequest,
                      base::cat({"--audit-log-", name, " ", std::to_string(value), " can't be a negative number"}));
  }
  if (!given.policy_file.empty()) {
    TRY(options.audit_policy, base::read_file(given.policy_file));
  }
  if (!given.webhook_file.empty()) {
    TRY(options.audit_webhook_kubeconfig, base::read_file(given.webhook_file));
  }
  return {};
}

}  // namespace navarch
