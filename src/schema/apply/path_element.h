// One step of a field path: the name of a field, the keys of a list's element, the value of a set's element, or an
// index. The terms and the written forms are those of FieldsV1.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/value.h"

namespace schema::apply {

class PathElement {
 public:
  enum class Kind : uint8_t { Field, Key, Value, Index };  // in the order in which they sort
  using Keys = std::vector<std::pair<std::string_view, schema::Value>>;

  static PathElement field(std::string_view name) { return {Kind::Field, std::string(name)}; }
  static PathElement key(Keys keys);  // in any order
  static PathElement value(const schema::Value& value);
  // `json` is canonical: what `key` and `value` would make of it.
  static PathElement key_of_json(std::string json) { return {Kind::Key, std::move(json)}; }
  static PathElement value_of_json(std::string json) { return {Kind::Value, std::move(json)}; }

  // From and to the key of a FieldsV1: "f:spec", "k:{\"name\":\"c\"}", "v:\"x\"", "i:3". Nothing for kinds that are not
  // known; an error for what cannot be read.
  static base::Result<std::optional<PathElement>> parse(std::string_view text);
  void append_fields_v1(std::string& out) const;

  Kind kind() const { return kind_; }
  const std::string& name() const { return text_; }  // of a field
  // As paths are shown to people: ".spec", "[name=\"c\"]", "[=\"x\"]", "[3]".
  std::string to_string() const;

  bool operator==(const PathElement& other) const { return kind_ == other.kind_ && text_ == other.text_; }
  std::strong_ordering operator<=>(const PathElement& other) const;

 private:
  PathElement(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  Kind kind_;
  std::string text_;  // the name, or JSON
};

using Path = std::vector<PathElement>;
std::string to_string(const Path& path);  // ".spec.containers[name=\"c\"].image"

}  // namespace schema::apply
