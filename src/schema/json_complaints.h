// What is wrong with a body, in upstream's words and with the path to it. Used by the JSON decoder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "schema/type.h"

namespace schema {

constexpr size_t kMaxStrictErrors = 100;

// "string", "array", ... as Go's complaints call a value.
std::string_view json_kind_name(base::JsonKind kind);

// Where the decoder stands: a chain on the stack, read only for complaints.
struct Place {
  const Place* parent = nullptr;
  const Type* owner = nullptr;   // of `field`
  const Field* field = nullptr;  // a step into a field,
  std::string_view key = {};     // or to a name: of a map, or one the type does not have,
  size_t index = 0;              // or to an element
};

class Complaints {
 public:
  explicit Complaints(std::vector<std::string>* strict_errors) : strict_errors_(strict_errors) {}

  // "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool".
  static std::string mismatch(std::string_view found, std::string_view wanted, const Place* place);

  // Something wrong after which reading goes on. The first is told.
  void complain(std::string message);
  void wrong_value(std::string_view found, std::string_view wanted, const Place* place) {
    if (!complaint_) complain(mismatch(found, wanted, place));
  }
  // What a type with its own JSON form cannot read: upstream stops there, and tells this before any other.
  void give_up(base::Error error);
  bool given_up() const { return fatal_.has_value(); }
  // `what` is "unknown" or "duplicate".
  void strict_error(std::string_view what, const Place& place);
  void strict_error(std::string_view what, std::string_view path);
  bool wants_strict() const { return strict_errors_ != nullptr; }
  // Parts in which upstream does not look for strict errors; may be nested.
  void set_lenient(bool lenient) { lenient_ += lenient ? 1 : -1; }

  base::Result<void> result() const;

 private:
  std::vector<std::string>* strict_errors_;
  std::optional<base::Error> complaint_;
  std::optional<base::Error> fatal_;
  int lenient_ = 0;
};

}  // namespace schema
