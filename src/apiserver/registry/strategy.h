// What is special about a resource: small pure functions beside the generic verbs. Whoever has nothing special to say
// uses Strategy itself.
//
// prepare_* may change the object and cannot fail; validate_* may fail and cannot change it. Constant, safe from any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/meta_v1.h"
#include "apiserver/pipeline/identity.h"
#include "base/result.h"
#include "base/time.h"
#include "schema/declared_rules.h"
#include "schema/field_error.h"
#include "schema/object.h"

namespace apiserver {

class Served;

// What a strategy is told about the request. Borrowed; lives as long as the call.
struct Situation {
  const Served& served;
  const User& user;
  std::string_view subresource;
  base::Time now;
  std::vector<std::string>& warnings;
};

// How names are checked. LongName is a subdomain too, in the words of upstream's declared rules.
enum class NameRule : uint8_t { Subdomain, LongName, Label, Label1035, PathSegment };

// What a kind asks of its metadata beyond what holds for every object.
enum class MetadataRule : uint8_t {
  Core,     // its name rule; and finalizers have a domain, or are Kubernetes' own
  Generic,  // its name rule
  None,
};

enum class GenerationRule : uint8_t {
  None,
  OnSpec,         // 1 at birth, one more whenever something but metadata and status changes
  OnSpecExactly,  // and an empty list or map where there was none is a change, too
  OnSpecAndLabels,
  OnSpecAndAnnotations,
  OnlyFirst,  // 1 at birth, then never changed
  FromUpdate  // none at birth, one more with every change of the spec
};

struct Traits {
  bool create_on_update = false;        // PUT makes what is not there
  bool unconditional_update = true;     // PUT without a resource version is fine
  bool returns_deleted_object = false;  // DELETE answers with the object, else with a Status
  bool keeps_status_on_create = false;
  bool status_keeps_labels = false;  // a status update changes labels and annotations no more than the spec
  bool orphans_by_default = false;   // dependents stay when a delete says nothing about them
  GenerationRule generation = GenerationRule::None;
  NameRule name_rule = NameRule::Subdomain;
  size_t name_length_max = 0;  // 0: what the rule says
  MetadataRule metadata_rule = MetadataRule::Core;
  bool update_checks_whole_metadata = false;  // beside what changed
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual Traits traits() const { return {}; }

  // After what is generic: system metadata set, status emptied (kept on updates), generation counted.
  virtual void prepare_create(const Situation& situation, schema::Object& next) const {}
  virtual void prepare_update(const Situation& situation, schema::Object& next, const schema::Object& current) const {}
  // After everything but status and metadata was taken from `current`.
  virtual void prepare_status(const Situation& situation, schema::Object& next, const schema::Object& current) const {}

  // Beside the checks of metadata. Whoever says nothing keeps the rules that are declared at the fields.
  virtual schema::FieldErrors validate_create(const Situation& situation, const schema::Object& next) const {
    return schema::check_declared(next, nullptr);
  }
  virtual schema::FieldErrors validate_update(const Situation& situation, const schema::Object& next,
                                              const schema::Object& current) const {
    return schema::check_declared(next, &current);
  }
  virtual schema::FieldErrors validate_status(const Situation& situation, const schema::Object& next,
                                              const schema::Object& current) const {
    return {};
  }
  // Forbidden... when nothing of the kind may be made now.
  virtual base::Result<void> allow_create(const Situation& situation, const schema::Object& next) const { return {}; }
  virtual void warn(const Situation& situation, const schema::Object& next, const schema::Object* current) const {}

  // Forbidden, Conflict... when it must not be deleted now.
  virtual base::Result<void> allow_delete(const Situation& situation, const schema::Object& current) const {
    return {};
  }
  // The seconds it is given to end, once it is told to; nothing: kinds that end at once.
  virtual std::optional<int64_t> grace_seconds(const api::meta_v1::DeleteOptions& options,
                                               const schema::Object& current) const {
    return std::nullopt;
  }
  // What a deletion does to the object beside marking it.
  virtual void mark_deleting(const Situation& situation, schema::Object& next) const {}
  // Whether it stays although nothing generic holds it.
  virtual bool outlives_delete(const schema::Object& next) const { return false; }
  // Whether an update that leaves `next` behind is its end, beyond "marked for deletion and out of finalizers".
  virtual bool ends_with(const schema::Object& next) const { return false; }
};

// The strategies of the resources that have one: one line each in registry/strategy/list.cc.
const Strategy& strategy_of(std::string_view group, std::string_view resource);

}  // namespace apiserver
