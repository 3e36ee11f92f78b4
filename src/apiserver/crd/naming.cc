#include "apiserver/crd/naming.h"

#include <algorithm>
#include <set>
#include <string>

#include "apiserver/crd/definition_validation.h"
#include "base/strings.h"

namespace apiserver::crd {
namespace {

struct Taken {
  std::set<std::string, std::less<>> resources, kinds;
};

Taken taken_by(const std::vector<const Definition*>& others) {
  Taken taken;
  for (const Definition* other : others) {
    const auto& names = other->status.accepted_names;
    taken.resources.insert(names.plural);
    taken.resources.insert(names.singular);
    taken.resources.insert(names.short_names.begin(), names.short_names.end());
    taken.kinds.insert(names.kind);
    taken.kinds.insert(names.list_kind);
  }
  taken.resources.erase("");
  taken.kinds.erase("");
  return taken;
}

class Settlement {
 public:
  // Takes over the name asked for, unless somebody else has it.
  void settle(const std::string& asked, std::string& accepted, const std::set<std::string, std::less<>>& taken,
              std::string_view reason) {
    if (asked != accepted && taken.contains(asked)) {
      conflict(reason, base::cat({base::quote(asked), " is already in use"}));
    } else {
      accepted = asked;
    }
  }

  void settle_short(const std::vector<std::string>& asked, std::vector<std::string>& accepted,
                    const std::set<std::string, std::less<>>& taken) {
    std::vector<std::string> problems;
    for (const auto& name : asked) {
      bool ours = std::ranges::find(accepted, name) != accepted.end();
      if (!ours && taken.contains(name)) problems.push_back(base::cat({base::quote(name), " is already in use"}));
    }
    if (problems.empty()) {
      accepted = asked;
    } else {
      conflict("ShortNamesConflict",
               problems.size() == 1 ? problems[0] : base::cat({"[", base::join(problems, ", "), "]"}));
    }
  }

  bool all_fine() const { return reason_.empty(); }
  const std::string& reason() const { return reason_; }
  const std::string& message() const { return message_; }

 private:
  // The last is told.
  void conflict(std::string_view reason, std::string message) {
    reason_ = reason;
    message_ = std::move(message);
  }
  std::string reason_, message_;
};

}  // namespace

void settle_names(Definition& definition, const std::vector<const Definition*>& others, base::Time now) {
  const auto& asked = definition.spec.names;
  auto& accepted = definition.status.accepted_names;
  Taken taken = taken_by(others);
  Settlement settlement;
  settlement.settle(asked.plural, accepted.plural, taken.resources, "PluralConflict");
  settlement.settle(asked.singular, accepted.singular, taken.resources, "SingularConflict");
  settlement.settle_short(asked.short_names, accepted.short_names, taken.resources);
  settlement.settle(asked.kind, accepted.kind, taken.kinds, "KindConflict");
  settlement.settle(asked.list_kind, accepted.list_kind, taken.kinds, "ListKindConflict");
  accepted.categories = asked.categories;
  bool fine = settlement.all_fine();
  set_condition(definition, "NamesAccepted", fine, fine ? "NoConflicts" : settlement.reason(),
                fine ? "no conflicts found" : settlement.message(), now);
  // Once established it stays so.
  if (!has_condition(definition, "Established")) {
    if (fine) {
      set_condition(definition, "Established", true, "InitialNamesAccepted", "the initial names have been accepted",
                    now);
    } else {
      set_condition(definition, "Established", false, "NotAccepted", "not all names are accepted", now);
    }
  }
  if (auto approval = approval_of(definition)) {
    set_condition(definition, "KubernetesAPIApprovalPolicyConformant", approval->approved, approval->reason,
                  approval->message, now);
  }
}

}  // namespace apiserver::crd
