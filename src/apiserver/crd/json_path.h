// Paths into trees as kubectl writes them: ".spec.items[0].name", ".status.conditions[?(@.type=='Ready')].status".
// Constant after parsing, safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/value.h"

namespace apiserver::crd {

class JsonPath {
 public:
  // BadRequest for what is no path.
  static base::Result<JsonPath> parse(std::string_view text);

  // Everything the path leads to, in order, as far as a bounded number of steps reaches; nothing where something on the
  // way is missing. Pointers into `root`.
  std::vector<const schema::Value*> find(const schema::Value& root) const;
  // The first of them, null when there is none.
  const schema::Value* first(const schema::Value& root) const;

  // The names of a path that is names only: ".spec.replicas"; nothing for others.
  std::optional<std::vector<std::string>> names() const;

 private:
  struct Step {
    enum class Is : uint8_t { Name, Index, Slice, All, Deep, Filter } is = Is::Name;
    std::string name;                             // Name; of a Filter its comparison: "==", "" for mere presence
    std::optional<int64_t> from, to, step;        // Index (from), Slice
    std::shared_ptr<const JsonPath> left, right;  // Filter: below the element, or
    schema::Value left_value, right_value;        // literals
  };
  class Parser;

  struct Walk {
    std::vector<const schema::Value*> found;
    size_t left;  // steps that may still be taken
  };
  static void walk(const std::vector<Step>& steps, size_t at, const schema::Value& value, Walk& so_far);
  static void walk_array(const std::vector<Step>& steps, size_t at, const schema::Value& value, Walk& so_far);
  static bool passes(const Step& filter, const schema::Value& element);

  std::vector<Step> steps_;
};

}  // namespace apiserver::crd
