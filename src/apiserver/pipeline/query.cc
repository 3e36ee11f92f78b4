#include "apiserver/pipeline/query.h"

#include "base/strings.h"

namespace apiserver {

Query::Query(std::string_view text) {
  if (text.empty()) return;
  for (std::string_view piece : base::split(text, '&')) {
    if (piece.empty() || piece.find(';') != std::string_view::npos) continue;
    auto equals = piece.find('=');
    auto name = base::url_decode(piece.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? base::Result<std::string>("")
                                                  : base::url_decode(piece.substr(equals + 1), true);
    if (!name || !value) continue;
    pairs_.emplace_back(std::move(*name), std::move(*value));
  }
}

std::string_view Query::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

bool Query::has(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return true;
  }
  return false;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : pairs_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

void Query::set(std::string name, std::string value) {
  std::erase_if(pairs_, [&](const auto& pair) { return pair.first == name; });
  pairs_.emplace_back(std::move(name), std::move(value));
}

bool Query::flag(std::string_view name) const {
  if (!has(name)) return false;
  auto value = get(name);
  return !(base::equals_ignoring_case(value, "false") || value == "0");
}

}  // namespace apiserver
