#include "io/http.h"

#include <algorithm>

#include "base/strings.h"

namespace io {

std::string_view Headers::get(std::string_view name) const {
  for (const auto& field : fields_) {
    if (field.name == name) return field.value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [name](const Field& field) { return field.name == name; });
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& field : fields_) {
    if (field.name == name) values.push_back(field.value);
  }
  return values;
}

void Headers::add(std::string_view name, std::string_view value) {
  auto& field = fields_.emplace_back(Field{std::string(name), std::string(value)});
  for (char& c : field.name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return base::equals_ignoring_case(field.name, name); });
}

std::string_view Request::path() const {
  std::string_view text = target;
  return text.substr(0, text.find('?'));
}

std::string_view Request::query() const {
  std::string_view text = target;
  size_t mark = text.find('?');
  return mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
}

Task<base::Result<std::string>> RequestBody::read_all(size_t limit) {
  std::string all;
  for (;;) {
    CO_TRY(auto piece, co_await read());
    if (piece.empty()) co_return std::move(all);
    if (piece.size() > limit - all.size()) {
      co_return base::fail(base::Code::TooLarge,
                           base::cat({"the body is larger than ", std::to_string(limit), " bytes"}));
    }
    if (all.empty()) {
      all = std::move(piece);
    } else {
      all += piece;
    }
  }
}

}  // namespace io
