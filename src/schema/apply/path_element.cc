#include "schema/apply/path_element.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace schema::apply {
namespace {

// Numbers, texts, booleans, lists, maps, null: the order of kinds among values.
int rank(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Int:
    case Value::Kind::Double:
      return 0;
    case Value::Kind::String:
      return 1;
    case Value::Kind::Bool:
      return 2;
    case Value::Kind::Array:
      return 3;
    case Value::Kind::Object:
      return 4;
    case Value::Kind::Null:
      return 5;
  }
  return 5;
}

std::strong_ordering compare_values(const Value& a, const Value& b);

std::strong_ordering compare_objects(Value::Object a, Value::Object b) {
  a.sort();
  b.sort();
  const Member* left = a.begin();
  const Member* right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (auto order = left->key <=> right->key; order != 0) return order;
    if (auto order = compare_values(left->value, right->value); order != 0) return order;
  }
  return a.size() <=> b.size();
}

std::strong_ordering compare_values(const Value& a, const Value& b) {
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  switch (a.kind()) {
    case Value::Kind::Int:
      if (b.is_int()) return a.as_int() <=> b.as_int();
      [[fallthrough]];
    case Value::Kind::Double: {
      double left = a.as_double();
      double right = b.as_double();
      return left < right   ? std::strong_ordering::less
             : left > right ? std::strong_ordering::greater
                            : std::strong_ordering::equal;
    }
    case Value::Kind::String:
      return a.as_string() <=> b.as_string();
    case Value::Kind::Bool:
      return a.as_bool() <=> b.as_bool();
    case Value::Kind::Array:
      for (size_t i = 0; i < a.as_array().size() && i < b.as_array().size(); ++i) {
        if (auto order = compare_values(a.as_array()[i], b.as_array()[i]); order != 0) return order;
      }
      return a.as_array().size() <=> b.as_array().size();
    case Value::Kind::Object:
      return compare_objects(a.as_object(), b.as_object());
    default:
      return std::strong_ordering::equal;
  }
}

// The text of a plain {"name":"x"}, which nearly all keys are; empty when it is anything else.
std::string_view only_text(std::string_view json, std::string_view& name) {
  if (!json.starts_with("{\"") || !json.ends_with("\"}") || json.find('\\') != std::string_view::npos) return {};
  auto colon = json.find("\":\"");
  if (colon == std::string_view::npos || std::count(json.begin(), json.end(), '"') != 4) return {};
  name = json.substr(2, colon - 2);
  return json.substr(colon + 3, json.size() - colon - 5);
}

std::strong_ordering compare_json(std::string_view a, std::string_view b) {
  std::string_view name_a, name_b;
  auto text_a = only_text(a, name_a);
  auto text_b = only_text(b, name_b);
  if (!text_a.empty() && !text_b.empty()) {
    auto order = name_a <=> name_b;
    return order != 0 ? order : text_a <=> text_b;
  }
  auto left = Value::parse(a);
  auto right = Value::parse(b);
  auto order = left && right ? compare_values(*left, *right) : std::strong_ordering::equal;
  return order != 0 ? order : a <=> b;
}

std::string show(const Value& value) {
  if (value.is_string()) return base::quote(value.as_string());
  return value.to_json();
}

}  // namespace

PathElement PathElement::key(Keys keys) {
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string json = "{";
  for (const auto& [name, value] : keys) {
    if (json.size() > 1) json += ',';
    base::append_json_string(json, name);
    json += ':';
    value.append_json(json);
  }
  return {Kind::Key, json + "}"};
}

PathElement PathElement::value(const schema::Value& value) {
  return {Kind::Value, value.to_json()};
}

base::Result<std::optional<PathElement>> PathElement::parse(std::string_view text) {
  if (text.size() < 2 || text[1] != ':') {
    return base::fail(base::Code::BadRequest, base::cat({"missing colon: ", text}));
  }
  std::string_view rest = text.substr(2);
  switch (text[0]) {
    case 'f':
      return PathElement(Kind::Field, std::string(rest));
    case 'v': {
      TRY(auto value, schema::Value::parse(rest));
      return PathElement(Kind::Value, value.to_json());
    }
    case 'k': {
      std::string_view name;
      if (!only_text(rest, name).empty()) return PathElement(Kind::Key, std::string(rest));
      TRY(auto value, schema::Value::parse(rest));
      if (!value.is_object()) return base::fail(base::Code::BadRequest, "keys of a list's element must be an object");
      value.as_object().sort();
      return PathElement(Kind::Key, value.to_json());
    }
    case 'i': {
      auto index = base::parse_int(rest);
      if (!index)
        return base::fail(base::Code::BadRequest,
                          base::cat({"strconv.Atoi: parsing ", base::quote(rest), ": invalid syntax"}));
      return PathElement(Kind::Index, std::to_string(*index));
    }
    default:
      return std::nullopt;
  }
}

void PathElement::append_fields_v1(std::string& out) const {
  static constexpr char kPrefix[] = {'f', 'k', 'v', 'i'};
  // What needs no escape is most of what there is.
  if (kind_ != Kind::Field || text_.find_first_of("\"\\<>&") != std::string::npos) {
    std::string text = {kPrefix[static_cast<int>(kind_)], ':'};
    return base::append_json_string(out, text += text_);
  }
  out += "\"f:";
  size_t start = out.size();
  base::append_json_string(out, text_);
  out.erase(start, 1);
}

std::string PathElement::to_string() const {
  if (kind_ == Kind::Field) return "." + text_;
  if (kind_ == Kind::Index) return "[" + text_ + "]";
  auto value = schema::Value::parse(text_);
  if (!value) return "[" + text_ + "]";
  if (kind_ == Kind::Value) return "[=" + show(*value) + "]";
  std::string out = "[";
  if (value->is_object()) {
    for (const Member& member : value->as_object()) {
      if (out.size() > 1) out += ',';
      out += member.key + "=" + show(member.value);
    }
  }
  return out + "]";
}

std::strong_ordering PathElement::operator<=>(const PathElement& other) const {
  if (kind_ != other.kind_) return kind_ <=> other.kind_;
  if (kind_ == Kind::Field || text_ == other.text_) return text_ <=> other.text_;
  return compare_json(text_, other.text_);
}

std::string to_string(const Path& path) {
  std::string out;
  for (const auto& element : path) out += element.to_string();
  return out;
}

}  // namespace schema::apply
