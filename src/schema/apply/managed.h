// Who owns which fields of an object: metadata.managedFields, decoded.
#pragma once

#include <string>
#include <vector>

#include "api/meta_v1.h"
#include "base/result.h"
#include "base/time.h"
#include "schema/apply/field_set.h"

namespace schema::apply {

// One who writes. An applier is the same whatever version he applies in, so his `api_version` is empty here.
struct ManagerId {
  std::string manager;
  std::string operation;  // "Apply" or "Update"
  std::string api_version;
  std::string subresource;

  static ManagerId of(std::string_view manager, std::string_view operation, std::string_view api_version,
                      std::string_view subresource);
  bool applies() const { return operation == "Apply"; }
  // "m1" with subresource "scale" using apps/v1
  std::string to_string() const;
  auto operator<=>(const ManagerId&) const = default;
};

struct ManagedSet {
  ManagerId id;
  std::string api_version;  // that the fields are of
  FieldSet fields;
  base::Time time;   // zero when not known
  std::string text;  // the fields as they were read, when that is how they would be written; set_fields clears it

  void set_fields(FieldSet next) {
    fields = std::move(next);
    text.clear();
  }
};

class Managed {
 public:
  using Entries = std::vector<api::meta_v1::ManagedFieldsEntry>;
  static constexpr size_t kUpdateManagersMax = 10;

  // BadRequest when an entry is no good. `known`, what the server wrote itself, may be `entries` itself.
  static base::Result<Managed> decode(const Entries& entries, const Entries& known);
  // In upstream's order: applied first, then by time.
  Entries encode() const;

  bool empty() const { return sets_.empty(); }
  std::vector<ManagedSet>& sets() { return sets_; }
  const std::vector<ManagedSet>& sets() const { return sets_; }
  ManagedSet* find(const ManagerId& id);
  ManagedSet& ensure(const ManagerId& id, std::string_view api_version);
  void erase(const ManagerId& id);
  void erase_empty();
  // Unites the oldest entries of updaters when there are too many, one for each version.
  void cap_updaters();

 private:
  std::vector<ManagedSet> sets_;
};

}  // namespace schema::apply
