// YAML as Kubernetes reads and writes it: the rules of YAML 1.1 as kubectl and the API server apply them.
//
// Plain scalars are resolved (y, Yes, on, true; null, ~; 0644 is octal, 0x1F, 1_000), quoted ones stay text; keys
// become text
// ("n: 1" is {"false": 1}); `<<` merges; dates stay text. Anchors and aliases are expanded within upstream's bounds.
// Objects come out with their keys sorted, as they do upstream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/value.h"

namespace schema {

enum class DuplicateKeys : uint8_t { LastWins, Refused };

// The first document of `text`; null when it is empty. BadRequest in upstream's words: "yaml: line 3: ...". Upstream's
// callers often put "error converting YAML to JSON: " before it.
base::Result<Value> parse_yaml(std::string_view text, DuplicateKeys duplicates = DuplicateKeys::LastWins);
base::Result<std::string> yaml_to_json(std::string_view text, DuplicateKeys duplicates = DuplicateKeys::LastWins);

// The documents of a stream, cut at lines that hold "---" and nothing else but space and a comment. Cut before parsing,
// so an error in the third does not keep the first two from being used. Documents without content are left out.
std::vector<std::string_view> split_yaml_documents(std::string_view text);

// As kubectl -o yaml prints: keys sorted, two spaces, quotes only where needed, text of several lines as a literal.
std::string to_yaml(const Value& value);

}  // namespace schema
