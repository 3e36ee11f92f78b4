#include "json.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace {

class Reader {
 public:
  Reader(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {}

  Json read() {
    Json value = read_value();
    skip_space();
    if (at_ != text_.size()) fail("trailing text");
    return value;
  }

 private:
  [[noreturn]] void fail(const char* what) {
    fprintf(stderr, "%s:%zu: %s\n", path_.c_str(), at_, what);
    exit(1);
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \n\t\r").contains(text_[at_])) ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void expect(char c) {
    if (peek() != c) fail("unexpected character");
    ++at_;
  }

  Json read_value() {
    switch (peek()) {
      case '{':
        return read_object();
      case '[':
        return read_array();
      case '"':
        return Json(Json::Kind::String, read_string());
      default:
        return read_word();
    }
  }
  Json read_object() {
    Json value(Json::Kind::Object);
    for (expect('{'); peek() != '}';) {
      if (!value.members.empty()) expect(',');
      if (peek() != '"') fail("a name is expected");
      std::string name = read_string();
      expect(':');
      value.members.push_back({std::move(name), read_value()});
    }
    ++at_;
    return value;
  }
  Json read_array() {
    Json value(Json::Kind::Array);
    for (expect('['); peek() != ']';) {
      if (!value.items.empty()) expect(',');
      value.items.push_back(read_value());
    }
    ++at_;
    return value;
  }
  std::string read_string() {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') {
        out += text_[at_];
        continue;
      }
      switch (text_[++at_]) {
        case 'n':
          out += '\n';
          break;
        case 't':
          out += '\t';
          break;
        case '"':
        case '\\':
        case '/':
          out += text_[at_];
          break;
        default:
          fail("an escape that schemas do not use");
      }
    }
    if (at_ == text_.size()) fail("a string without end");
    ++at_;
    return out;
  }
  Json read_word() {
    size_t start = at_;
    while (at_ < text_.size() && (isalnum(text_[at_]) || std::string_view("+-.").contains(text_[at_]))) ++at_;
    std::string word = text_.substr(start, at_ - start);
    if (word == "null") return {};
    if (word == "true" || word == "false") return Json(Json::Kind::Bool, word);
    if (word.empty()) fail("a value is expected");
    return Json(Json::Kind::Number, word);
  }

  std::string path_;
  std::string text_;
  size_t at_ = 0;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Json::Json(Kind kind, std::string text) : kind(kind), text(std::move(text)) {}

const Json& Json::operator[](std::string_view name) const {
  static const Json null;
  for (const auto& [key, value] : members) {
    if (key == name) return value;
  }
  return null;
}

bool Json::contains(std::string_view name) const {
  return &(*this)[name] != &Json()["none"];
}

std::vector<std::string> Json::strings() const {
  std::vector<std::string> out;
  for (const Json& item : items) out.push_back(item.text);
  return out;
}

std::string Json::dump() const {
  std::string out;
  switch (kind) {
    case Kind::Null:
      return "null";
    case Kind::String:
      return quoted(text);
    case Kind::Array:
      for (const Json& item : items) out += (out.empty() ? "" : ",") + item.dump();
      return "[" + out + "]";
    case Kind::Object:
      for (const auto& [key, value] : members) out += (out.empty() ? "" : ",") + quoted(key) + ":" + value.dump();
      return "{" + out + "}";
    default:
      return text;
  }
}

Json read_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    fprintf(stderr, "%s: cannot be opened\n", path.c_str());
    exit(1);
  }
  std::stringstream text;
  text << file.rdbuf();
  return Reader(path, text.str()).read();
}
