#include "apiserver/table/table.h"

#include <unordered_map>

#include "api/autoscaling_v1.h"
#include "apiserver/table/cells.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/selector.h"

namespace apiserver::table {
namespace {

namespace meta = api::meta_v1;

Printer find_printer(const schema::Type& type) {
  static const auto* const printers = [] {
    auto* all = new std::unordered_map<const schema::Type*, Printer>;
    for (const auto* list : {&core_printers(), &workload_printers(), &policy_printers()}) {
      for (const auto& entry : *list) (*all)[entry.type] = entry.print;
    }
    return all;
  }();
  auto found = printers->find(&type);
  return found == printers->end() ? nullptr : found->second;
}

// What the columns of common kinds mean; others say nothing beyond their names.
std::string_view describe(std::string_view column) {
  if (column == "Name") return "The name of the object, unique among its kind in its namespace.";
  if (column == "Age" || column == "Created At") return "How long ago, or when, the object was made.";
  return "";
}

}  // namespace

Cells& Cells::text(std::string_view value) {
  base::append_json_string(cells_.emplace_back(), value);
  return *this;
}
Cells& Cells::number(int64_t value) {
  cells_.push_back(std::to_string(value));
  return *this;
}
Cells& Cells::flag(bool value) {
  cells_.emplace_back(value ? "true" : "false");
  return *this;
}
std::string Cells::age_text(base::Time since) const {
  return since.is_zero() ? "<unknown>" : base::human_duration(now_.to_ns() - since.to_ns());
}
Cells& Cells::age(base::Time since) {
  return text(age_text(since));
}

std::vector<meta::TableColumnDefinition> columns(const schema::Resource& resource, const schema::Type& type) {
  static constexpr schema::Column kScale[] = {{"Name", "string", "", 0},
                                              {"Desired", "integer", "", 0},
                                              {"Available", "integer", "", 0},
                                              {"Age", "string", "", 0}};
  std::vector<meta::TableColumnDefinition> made;
  std::span<const schema::Column> from = resource.columns;
  if (&type == &api::autoscaling_v1::Scale::kType) from = kScale;
  for (const auto& column : from) {
    auto& one = made.emplace_back();
    one.name = column.name;
    one.type = column.type;
    one.format = column.format;
    one.description = describe(column.name);
    one.priority = column.priority;
  }
  return made;
}

meta::TableRow row(const schema::Resource& resource, const schema::Object& object, base::Time now) {
  meta::TableRow made;
  Cells cells(now);
  if (auto print = find_printer(object.type())) {
    print(object, cells, made.conditions);
  } else {
    const auto& metadata = object.meta();
    cells.text(metadata.name);
    for (size_t i = 1; i < resource.columns.size(); ++i) {
      const auto& column = resource.columns[i];
      if (column.name == "Age") {
        cells.age(metadata.creation_timestamp);
      } else {
        cells.text(metadata.creation_timestamp.is_zero() ? "" : base::format_rfc3339(metadata.creation_timestamp));
      }
    }
  }
  made.cells = std::move(cells).take();
  return made;
}

std::string labels_text(const std::map<std::string, std::string, std::less<>>& labels) {
  std::string out;
  for (const auto& [key, value] : labels) out += base::cat({out.empty() ? "" : ",", key, "=", value});
  return out.empty() ? "<none>" : out;
}

std::string selector_text(const meta::LabelSelector& selector) {
  auto parsed = schema::LabelSelector::from(selector);
  if (!parsed) return "<error>";
  auto text = parsed->to_string();
  return text.empty() ? "<none>" : text;
}

template <class Part>
static std::string join(const std::vector<api::core_v1::Container>& containers, Part part) {
  std::string out;
  for (const auto& container : containers) out += base::cat({out.empty() ? "" : ",", container.*part});
  return out;
}
std::string container_names(const std::vector<api::core_v1::Container>& containers) {
  return join(containers, &api::core_v1::Container::name);
}
std::string container_images(const std::vector<api::core_v1::Container>& containers) {
  return join(containers, &api::core_v1::Container::image);
}

}  // namespace apiserver::table
