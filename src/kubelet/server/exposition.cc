#include "kubelet/server/exposition.h"

#include <charconv>

#include "base/strings.h"

namespace kubelet {

void Exposition::add(std::string_view name, std::string_view type, std::string_view help, const Labels& labels,
                     double value, bool with_time) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(name, base::cat({"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"})).first;
  }
  std::string& out = found->second;
  out += name;
  for (size_t i = 0; i < labels.size(); ++i) {
    out += base::cat({i == 0 ? "{" : ",", labels[i].first, "=\""});
    for (char c : labels[i].second) {
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    out += '"';
  }
  if (!labels.empty()) out += '}';
  out += ' ';
  char number[32];
  out.append(number, std::to_chars(number, number + sizeof number, value).ptr);
  if (with_time) out += ' ' + time_ms_;
  out += '\n';
}

std::string Exposition::text() const {
  std::string out;
  for (const auto& [name, family] : families_) out += family;
  return out;
}

}  // namespace kubelet
