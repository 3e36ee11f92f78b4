// One step of admission: looks at a write before it is done, may change it (admit) or refuse it. One folder a plug-in,
// one line each in admission/list.cc.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/admission/admission_metrics.h"
#include "apiserver/pipeline/identity.h"
#include "apiserver/registry/reader.h"
#include "base/result.h"
#include "io/task.h"
#include "schema/object.h"

namespace apiserver {

struct Call;

// How often mutating steps look: once, and once more when one of those that ask outside changed the object after others
// had seen it.
struct Reinvocation {
  bool second_pass = false;
  bool wanted = false;
  std::set<std::string> reinvocable;  // who has been asked and would be asked again
  std::set<std::string> due;          // who has to be
  schema::Object last_seen;           // by those that ask outside
};

// The write that is being looked at. Borrowed; lives while the plug-ins run.
struct Attempt {
  Operation operation;
  const Served& served;
  std::string_view subresource;
  std::string_view namespace_;
  std::string_view name;
  const User& user;
  bool dry_run = false;
  schema::Object* object = nullptr;         // what is to be written (or posted to the subresource); null for Delete
  const schema::Object* current = nullptr;  // what is there; null for Create
  std::vector<std::string>& warnings;
  const Reader& reader;
  const base::Time now;
  std::map<std::string, std::string>* audit_annotations = nullptr;  // none: nobody audits
  const Call* call = nullptr;                                       // none: no request is behind it
  const api::meta_v1::DeleteOptions* delete_options = nullptr;      // of Delete
  Reinvocation reinvocation = {};

  bool is(std::string_view resource, std::string_view group = "") const {
    return served.row().plural == resource && served.row().group == group;
  }
  // For the audit log; the first word on a matter stands.
  void audit(std::string_view key, std::string_view value) const {
    if (audit_annotations != nullptr) audit_annotations->emplace(key, value);
  }
  // The refusal of an admission step, in the form that upstream's have.
  std::unexpected<base::Error> refuse(std::string_view why) const {
    return base::fail(forbidden(served.row().group, served.row().plural, name, why));
  }
};

// Constant after construction; called on any loop.
class AdmissionPlugin {
 public:
  virtual ~AdmissionPlugin() = default;
  virtual std::string_view name() const = 0;
  // Whether it has anything to say; cheap, so that most writes pass most plug-ins without a task.
  virtual bool handles(const Attempt& attempt) const = 0;
  virtual io::Task<base::Result<void>> admit(Attempt& attempt) const;           // may change the object
  virtual io::Task<base::Result<void>> validate(const Attempt& attempt) const;  // of the final object
};

class AdmissionChain {
 public:
  // `metrics` is told what took how long, unless it is null. Borrowed.
  explicit AdmissionChain(std::vector<std::unique_ptr<AdmissionPlugin>> plugins, AdmissionMetrics* metrics = nullptr);
  io::Task<base::Result<void>> admit(Attempt& attempt) const;
  io::Task<base::Result<void>> validate(const Attempt& attempt) const;

 private:
  struct Step {
    std::unique_ptr<AdmissionPlugin> plugin;
    std::unique_ptr<AdmissionTimes> times;  // null when nobody wants to know
  };
  io::Task<base::Result<void>> admit_all(Attempt& attempt) const;
  io::Task<base::Result<void>> validate_all(const Attempt& attempt) const;
  int64_t now_ns() const { return metrics_ != nullptr ? metrics_->now_ns() : 0; }
  void note(const std::unique_ptr<AdmissionTimes>& times, const Attempt& attempt, AdmissionRound round,
            const base::Result<void>& verdict, int64_t began_ns) const;

  AdmissionMetrics* const metrics_;
  std::vector<Step> steps_;
  std::unique_ptr<AdmissionTimes> rounds_;
};

}  // namespace apiserver
