// Rules about values that many kinds share: selectors, paths, ports, addresses, percentages, ids.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/meta_v1.h"
#include "apiserver/registry/validation/report.h"
#include "schema/int_or_string.h"

namespace apiserver {

using Labels = std::map<std::string, std::string, std::less<>>;

void check_labels(Report& report, const Labels& labels, const Place& at);
void check_annotations(Report& report, const Labels& annotations, const Place& at);

// Whether a selector's values have to be valid labels: objects that were let in without keep them.
enum class SelectorValues : uint8_t { Checked, Unchecked };
void check_label_selector(Report& report, const api::meta_v1::LabelSelector& selector, const Place& at,
                          SelectorValues values = SelectorValues::Checked);
// "{...}" as messages show it; null when there is none.
schema::BadValue bad_value(const schema::Box<api::meta_v1::LabelSelector>& selector);

// What a template may carry of metadata: labels and annotations, nothing else.
void check_template_metadata(Report& report, const api::meta_v1::ObjectMeta& metadata, const Place& at);

void check_no_backsteps(Report& report, std::string_view text, const Place& at);  // no ".." between slashes
bool has_backsteps(std::string_view text);
void check_descending_path(Report& report, std::string_view text, const Place& at);  // nor absolute
void check_non_reserved_path(Report& report, std::string_view text,
                             const Place& at);  // nor a name that begins with ".."

void check_port(Report& report, const schema::IntOrString& port, const Place& at);
// Not negative, or "0%" and more.
void check_int_or_percent(Report& report, const schema::IntOrString& value, const Place& at);
void check_at_most_all(Report& report, const schema::IntOrString& value, const Place& at);  // no more than 100%
// The number, or that of a percentage; 0 for what is neither.
int64_t int_or_percent_value(const schema::IntOrString& value);

void check_user_id(Report& report, int64_t id, const Place& at);
void check_group_id(Report& report, int64_t id, const Place& at);

}  // namespace apiserver
