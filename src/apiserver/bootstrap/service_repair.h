// Looks now and again whether cluster IPs and node ports are recorded as the services have them, mends the record, and
// tells by events what was wrong.
#pragma once

#include "apiserver/registry/allocations.h"
#include "apiserver/registry/registry.h"
#include "base/clock.h"
#include "io/task.h"

namespace apiserver {

class ServiceRepair {
 public:
  ServiceRepair(Registry& registry, base::Clock& clock);  // borrowed

  // At once and every three minutes, until cancelled.
  io::Task<void> run();
  io::Task<base::Result<void>> run_once();

 private:
  io::Task<void> tell(Allocations::Finding finding);

  Registry& registry_;
  base::Clock& clock_;
  Allocations::Leaks leaks_;
};

}  // namespace apiserver
