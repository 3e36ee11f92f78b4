// The three patches of the API, over JSON trees. Pure: the document comes in, the changed one goes out.
//
// What each makes of bad input is upstream's: BadRequest with upstream's words for what cannot be read; Invalid for
// operations of a JSON patch that cannot be done (upstream answers these with a general text); Internal for strategic
// directives that are unknown or contradict each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/value.h"

namespace schema {

struct Type;

// RFC 6902, with the liberties of the library upstream uses: `replace` adds what is missing, `copy` of what is missing
// makes null, indexes may be negative.
class JsonPatch {
 public:
  static constexpr size_t kMaxOperations = 10'000;
  static constexpr size_t kMaxCopiedBytes = 3 * 1024 * 1024;  // of JSON, by all copy operations together

  // BadRequest: "error decoding patch: ..."; TooLarge above the number of operations.
  static base::Result<JsonPatch> parse(std::string_view json);

  // All operations or none. TooLarge above what may be copied.
  base::Result<Value> apply(Value document) const;

 private:
  enum class Kind : uint8_t { Add, Remove, Replace, Move, Copy, Test, Unknown };
  struct Operation {
    Kind kind;
    std::string name;
    std::string path;
    std::string from;
    Value value;
    bool has_path;
    bool has_from;
  };
  struct Target;
  base::Result<void> apply(const Operation& operation, Value& document, size_t& copied) const;

  std::vector<Operation> operations_;
};

// RFC 7386. BadRequest when the patch is no JSON object.
base::Result<Value> apply_merge_patch(Value document, std::string_view patch);
// The same with a patch that is a tree already: null removes, objects merge, everything else replaces.
void merge(Value& document, const Value& patch);

// Strategic merge patch: lists are merged by the keys that the type's table names; directives $patch, $retainKeys,
// $setElementOrder/<list>, $deleteFromPrimitiveList/<list>. A patch of null changes nothing.
base::Result<Value> apply_strategic_patch(const Type& type, Value document, std::string_view patch);
// The same with a patch that is a tree already.
base::Result<Value> merge_strategically(const Type& type, Value document, Value patch);

}  // namespace schema
