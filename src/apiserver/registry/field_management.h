// metadata.managedFields on the way of every write: who owns what after it, and server-side apply.
#pragma once

#include <string>
#include <string_view>

#include "apiserver/registry/served.h"
#include "base/result.h"
#include "base/time.h"
#include "schema/apply/filter.h"
#include "schema/object.h"
#include "schema/value.h"

namespace apiserver {

// Who writes what. Lives as long as the write.
struct FieldManagement {
  std::string manager;  // see manager_name
  std::string subresource;
  schema::apply::FieldFilter ownable;
  base::Time now;
  CustomKindsRef custom = nullptr;  // among which the versions of a custom kind are
};

// Who is said to write: the field manager of the request, else what its user agent begins with.
std::string manager_name(std::string_view field_manager, std::string_view user_agent);

// Brings the managed fields of `next` up to date with what changed since `current` (null: nothing was there). What a
// client sent as managed fields counts when it is readable; one empty entry resets them.
void track_fields(const FieldManagement& management, const schema::Object* current, schema::Object& next);

// The next state by server-side apply of `config`, with defaults; in the version of `type`. Conflict, BadRequest, or
// upstream's nameless error.
base::Result<schema::Object> apply_config(const FieldManagement& management, const schema::Type& type,
                                          const schema::Object* current, const schema::Value& config, bool force);

// When nothing but times of managed fields differs, they stay what they were.
void keep_unchanged_times(schema::Object& next, const schema::Object& current);

// A JSON text that says `managedFields: []` wants them reset, which structs cannot tell from saying nothing: they say
// it with one empty entry, which means the same.
void note_reset(std::string_view json, schema::Object& object);

}  // namespace apiserver
