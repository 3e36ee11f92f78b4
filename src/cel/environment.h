// What an expression may name: variables with their types, and the functions of the language and of Kubernetes'
// libraries. Build once, then share; compiling does not change it.
//
//   cel::Environment environment;
//   environment.add_variable("self", declaration);
//   environment.add_variable("oldSelf", declaration);
//   TRY(auto program, environment.compile("self.x > oldSelf.x"));
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cel/declaration.h"
#include "cel/type.h"

namespace cel {

class Program;
using ProgramRef = std::shared_ptr<const Program>;

class Environment {
 public:
  Environment() = default;

  // A variable; its object types become known with it.
  void add_variable(std::string name, DeclarationRef declaration);
  void add_variable(std::string name, TypeRef type) { add_variable(std::move(name), declare(std::move(type))); }
  // A variable that may be absent: optional_type(T).
  void add_optional_variable(std::string name, DeclarationRef declaration);
  // Object{...}, Object.spec{...} and JSONPatch{...} may be made: for mutations.
  void allow_mutation() { mutation_ = true; }

  // Parses and checks. The error (BadRequest) is all that is wrong, in upstream's form:
  //   ERROR: <input>:1:6: found no matching overload for '_+_' applied to '(string, int)'
  //    | self + 1
  //    | .....^
  base::Result<ProgramRef> compile(std::string_view expression) const;

  struct Variable {
    std::string name;
    TypeRef type;
    DeclarationRef declaration;
  };
  const Variable* find_variable(std::string_view name) const;
  // The declaration of an object type by its name; null when it is not known.
  const Declaration* find_object(std::string_view type_name) const;
  bool allows_mutation() const { return mutation_; }

 private:
  void learn(const DeclarationRef& declaration);

  std::vector<Variable> variables_;
  std::map<std::string, DeclarationRef, std::less<>> objects_;
  bool mutation_ = false;
};

}  // namespace cel
