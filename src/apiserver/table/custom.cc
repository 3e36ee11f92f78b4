// Rows of custom kinds: the columns that their definition declares, read off the tree.

#include "schema/custom.h"

#include <algorithm>

#include "apiserver/crd/kind.h"
#include "apiserver/table/cells.h"
#include "apiserver/table/table.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/time.h"

namespace apiserver::table {
namespace {

namespace meta = api::meta_v1;
using schema::Value;

// As Go prints it.
std::string plain_text(const Value& value) {
  if (value.is_string()) return value.as_string();
  return value.is_null() ? "<nil>" : value.to_json();
}

std::string quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::string date_cell(const Value& value, const Cells& cells) {
  if (!value.is_string()) return "null";
  if (value.as_string().empty()) return quoted("<unknown>");
  auto time = base::parse_rfc3339(value.as_string());
  return quoted(time ? cells.age_text(*time) : std::string("<invalid>"));
}

// JSON; null where the value is not what the column promises.
std::string cell(std::string_view type, const Value& value, const Cells& cells) {
  if (type == "string") return quoted(plain_text(value));
  if (type == "date") return date_cell(value, cells);
  if (type == "boolean") return value.is_bool() ? value.to_json() : "null";
  if (!value.is_number()) return "null";
  constexpr double kLimit = 9223372036854774784;  // what an int64 holds
  if (type == "integer" && value.is_double())
    return std::to_string(static_cast<int64_t>(std::clamp(value.as_double(), -kLimit, kLimit)));
  return type == "integer" || type == "number" ? value.to_json() : "null";
}

}  // namespace

std::vector<meta::TableColumnDefinition> custom_columns(const crd::Kind& kind) {
  std::vector<meta::TableColumnDefinition> made;
  auto& name = made.emplace_back();
  name.name = "Name";
  name.type = "string";
  name.format = "name";
  name.description = "The name of the object, unique among its kind in its namespace.";
  for (const auto& column : kind.columns()) {
    auto& one = made.emplace_back();
    one.name = column.name;
    one.type = column.type;
    one.format = column.format;
    one.description = column.description.empty()
                          ? base::cat({"Custom resource definition column (in JSONPath format): ", column.json_path})
                          : column.description;
    one.priority = column.priority;
  }
  return made;
}

meta::TableRow custom_row(const crd::Kind& kind, const schema::Object& object, base::Time now) {
  meta::TableRow made;
  Cells cells(now);
  const auto& custom = *schema::custom_of(object);
  made.cells.push_back(quoted(custom.metadata.name));
  Value tree = schema::to_value(object.type(), custom);
  for (const auto& column : kind.columns()) {
    const Value* value = column.path.first(tree);
    made.cells.push_back(value == nullptr ? "null" : cell(column.type, *value, cells));
  }
  return made;
}

}  // namespace apiserver::table
