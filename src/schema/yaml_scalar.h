// What a plain YAML scalar means, by the rules of YAML 1.1 as Kubernetes applies them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "schema/value.h"

namespace schema {

struct ResolvedScalar {
  enum class Tag : uint8_t { Null, Bool, Int, Float, String, Timestamp, Merge };
  Tag tag;
  Value value;  // null, bool, Int, Double or String; text for timestamps and merges
};

ResolvedScalar resolve_scalar(std::string_view text);
// The same when the document names a tag ("!!int 5"); `tag` in its long or short form. BadRequest when it does not fit.
base::Result<Value> resolve_tagged_scalar(std::string_view tag, std::string_view text);
// "1:30", which other readers of YAML 1.1 take for a number.
bool is_base60(std::string_view text);

}  // namespace schema
