#include "controller/job/indexes.h"

#include "base/strings.h"

namespace controller::job {

std::set<int32_t> parse_indexes(std::string_view text) {
  std::set<int32_t> indexes;
  if (text.empty()) return indexes;
  for (std::string_view part : base::split(text, ',')) {
    size_t dash = part.find('-');
    auto first = base::parse_int(part.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : base::parse_int(part.substr(dash + 1));
    if (!first || !last) continue;
    for (int64_t index = *first; index <= *last; index++) indexes.insert(static_cast<int32_t>(index));
  }
  return indexes;
}

std::string format_indexes(const std::set<int32_t>& indexes) {
  std::string text;
  for (auto at = indexes.begin(); at != indexes.end();) {
    int32_t first = *at, last = *at;
    for (++at; at != indexes.end() && *at == last + 1; ++at) last++;
    if (!text.empty()) text += ",";
    text += std::to_string(first);
    if (last > first) text += (last == first + 1 ? "," : "-") + std::to_string(last);
  }
  return text;
}

}  // namespace controller::job
