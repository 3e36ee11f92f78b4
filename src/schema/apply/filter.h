// Which fields a request can own at all: what the server resets is nobody's.
#pragma once

#include <string_view>
#include <vector>

#include "schema/apply/field_set.h"

namespace schema::apply {

class FieldFilter {
 public:
  // Paths of field names.
  using Paths = std::vector<std::vector<std::string_view>>;

  FieldFilter() = default;                  // all may be owned
  static FieldFilter without(Paths paths);  // all but these and what is below them

  FieldSet of(FieldSet fields) const;

 private:
  Paths paths_;
};

}  // namespace schema::apply
