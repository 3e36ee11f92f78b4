// Selectors for the fake server, over any kind's struct.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/object.h"
#include "schema/selector.h"

namespace client {

// The text or truth value down a path of JSON names, "spec.nodeName"; nothing when absent or of another shape.
std::optional<std::string_view> field_text(const schema::Object& object, std::string_view path);

// What a request's place, labelSelector and fieldSelector pick.
struct FakeSelection {
  std::string namespace_;  // "" is all
  std::string name;        // "" is all
  schema::LabelSelector labels;
  schema::FieldSelector fields;

  bool matches(const schema::Object& object) const;
};

}  // namespace client
