// Expressions tried in one line, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cel/environment.h"
#include "cel/program.h"

namespace cel::testing {

// A value as text: 1, 1u, 1.5, 'x', b'00ff', [1, 2], {'a': 1}, timestamp(..), duration(..), optional(1), type(int).
std::string show(const Value& value);

// Variables whose values are trees; those without a declaration are dyn.
struct Binding {
  std::string name;
  std::string json;
  DeclarationRef declaration;
};
// What the expression gives; "error: ..." of an evaluation, or all of the complaints of a compilation.
std::string run(std::string_view expression, const std::vector<Binding>& bindings = {});

}  // namespace cel::testing
