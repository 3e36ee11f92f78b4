// Label and field selectors: what a list, a watch or a workload asks for.
//
//   TRY(auto selector, schema::LabelSelector::parse("app in (a, b), !legacy"));
//   if (selector.matches(pod.metadata.labels)) use(pod);
//
// Values; matching is safe from any thread and allocates nothing.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace api::meta_v1 {
struct LabelSelector;
}

namespace schema {

using Labels = std::map<std::string, std::string, std::less<>>;
// The value of a label or field, or nothing.
using Lookup = std::function<std::optional<std::string_view>(std::string_view key)>;

struct Requirement {
  enum class Operator : uint8_t {
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan
  };

  std::string key;
  Operator op;
  std::vector<std::string> values;  // sorted, each once

  bool matches(std::optional<std::string_view> value) const;
  std::string to_string() const;
  bool operator==(const Requirement&) const = default;
};

class LabelSelector {
 public:
  LabelSelector() = default;  // matches everything
  static LabelSelector everything() { return {}; }
  static LabelSelector nothing();
  // "a=b,c in (d,e),!f,g>1". BadRequest in upstream's words.
  static base::Result<LabelSelector> parse(std::string_view text);
  // Of the API's form: an empty one matches everything. BadRequest for operators and keys that are not valid.
  static base::Result<LabelSelector> from(const api::meta_v1::LabelSelector& selector);
  // Exactly these labels.
  static LabelSelector from(const Labels& labels);

  bool matches(const Labels& labels) const;
  bool matches(const Lookup& lookup) const;
  bool is_everything() const { return !nothing_ && requirements_.empty(); }
  bool is_nothing() const { return nothing_; }
  const std::vector<Requirement>& requirements() const { return requirements_; }  // by key
  std::string to_string() const;
  bool operator==(const LabelSelector&) const = default;

 private:
  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

class FieldSelector {
 public:
  struct Term {
    std::string field;
    bool equal;  // else: not equal
    std::string value;
    bool operator==(const Term&) const = default;
  };

  FieldSelector() = default;  // matches everything
  // "metadata.name=a,status.phase!=Failed". A backslash escapes ',', '=' and itself in values. BadRequest in upstream's
  // words.
  static base::Result<FieldSelector> parse(std::string_view text);
  explicit FieldSelector(std::vector<Term> terms) : terms_(std::move(terms)) {}

  // A field that is absent counts as "".
  bool matches(const Lookup& lookup) const;
  bool is_everything() const { return terms_.empty(); }
  const std::vector<Term>& terms() const { return terms_; }
  // The value that `field` must have, when the selector says so: a watch of one name needs to look nowhere else.
  std::optional<std::string_view> exact(std::string_view field) const;
  std::string to_string() const;
  bool operator==(const FieldSelector&) const = default;

 private:
  std::vector<Term> terms_;
};

}  // namespace schema
