// The options that a request carries in its query or, for deletes, in its body.
#pragma once

#include <optional>
#include <string>

#include "api/meta_v1.h"
#include "apiserver/registry/call.h"
#include "base/result.h"
#include "schema/selector.h"

namespace apiserver {

enum class FieldValidation : uint8_t { Ignore, Warn, Strict };

// Of create, update, patch and apply.
struct WriteQuery {
  bool dry_run = false;
  std::string field_manager;  // as sent; "" when not
  FieldValidation field_validation = FieldValidation::Warn;
  std::optional<bool> force;  // of apply
};

// `kind`: "CreateOptions", "UpdateOptions" or "PatchOptions", for the complaint.
base::Result<WriteQuery> read_write_query(const Query& query, std::string_view kind, bool is_apply = false);

// From the body when there is one, else from the query. Validated.
base::Result<api::meta_v1::DeleteOptions> read_delete_options(const Call& call);

struct ListQuery {
  schema::LabelSelector labels;
  schema::FieldSelector fields;
  int64_t limit = 0;
  std::string continue_token;
  std::string resource_version;
  std::string resource_version_match;
  std::optional<int64_t> timeout_seconds;
  bool watch = false;
  bool allow_bookmarks = false;
  std::optional<bool> send_initial_events;
};
// Selectors parsed, field labels checked against what the resource supports and brought to their stored form.
base::Result<ListQuery> read_list_query(const Query& query, const Served& served, bool watch);
// The same, about the one object that the path of a watch names, if it does.
base::Result<ListQuery> read_watch_query(const Call& call, const Served& served);

// A resource version as a number; the plain 500 that upstream gives for others.
base::Result<store::Revision> parse_resource_version(std::string_view text);

// Go's strconv.ParseInt: its result or its complaint as BadRequest.
base::Result<std::optional<int64_t>> read_int(const Query& query, std::string_view name);

}  // namespace apiserver
