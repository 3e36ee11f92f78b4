// Type variables and what they were found to stand for: the algebra under the checker.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cel/type.h"

namespace cel {

class Inference {
 public:
  TypeRef fresh_variable();
  // `type` with each parameter named in it replaced by a fresh variable; the same name gets the same one through
  // `names`.
  TypeRef instantiate(const TypeRef& type, std::map<std::string, TypeRef>& names);

  // Whether a value of one may stand for the other; notes what that says about variables. Nothing is noted when not.
  bool assignable(const TypeRef& a, const TypeRef& b);
  bool assignable(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b);

  // The type with known variables replaced; unknown ones stay, or become dyn.
  TypeRef resolve(const TypeRef& type, bool unknown_to_dyn) const;

 private:
  bool fits(const TypeRef& a, const TypeRef& b);
  bool fits_all(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b);
  // Whether variable `b` may be `a`; and whether it was known before.
  struct Substitution {
    bool valid;
    bool known;
  };
  Substitution substitute(const TypeRef& a, const TypeRef& b);
  bool mentions(const Type& variable, const TypeRef& in) const;
  void learn(const std::string& variable, const TypeRef& type);
  void forget();  // what was learnt since the last answer

  std::unordered_map<std::string, TypeRef> known_;
  std::vector<std::pair<std::string, TypeRef>> before_;  // what was known of them, to go back to
  int next_ = 0;
};

// The less specific of two types that fit each other.
TypeRef most_general(const TypeRef& a, const TypeRef& b);
bool is_dyn_or_error(const Type& type);

}  // namespace cel
