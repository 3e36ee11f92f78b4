// A small JSON reader for trusted files: the schemas. Anything wrong stops the program with the place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct JsonMember;

struct Json {
  enum class Kind { Null, Bool, Number, String, Array, Object };

  Json() = default;
  explicit Json(Kind kind, std::string text = "");

  Kind kind = Kind::Null;
  std::string text;  // of a string; of a number as written; "true" or "false"
  std::vector<Json> items;
  std::vector<JsonMember> members;  // in file order

  explicit operator bool() const { return kind != Kind::Null && text != "false"; }
  // The member, or a null.
  const Json& operator[](std::string_view name) const;
  bool contains(std::string_view name) const;
  int number() const { return kind == Kind::Number ? std::stoi(text) : 0; }
  std::vector<std::string> strings() const;  // of an array of strings
  std::string dump() const;                  // compact
};

struct JsonMember {
  std::string name;
  Json value;
};

Json read_json(const std::string& path);
