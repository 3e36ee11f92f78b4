#include <gtest/gtest.h>

#include "cel/testing.h"

namespace cel {
namespace {

using testing::run;

struct Case {
  const char* expression;
  const char* complaint;
};

std::string first_line(std::string text) {
  return text.substr(0, text.find('\n'));
}

TEST(CompileError, ShowsTheLineAndThePlace) {
  EXPECT_EQ(run("self +\n  nope", {{"self", "1", nullptr}}),
            "ERROR: <input>:2:3: undeclared reference to 'nope' (in container '')\n |   nope\n | ..^");
  EXPECT_EQ(
      run("'é' + 1"),
      "ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n | 'é' + 1\n | .．..^");
  EXPECT_EQ(run("a + b"),
            "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a + b\n | ^\n"
            "ERROR: <input>:1:5: undeclared reference to 'b' (in container '')\n | a + b\n | ....^");
}

TEST(CompileError, WordsTypesAsUpstreamDoes) {
  DeclarationRef text = declare(string_type());
  DeclarationRef object = declare(
      schema::Value::parse(R"({"type":"object","properties":{"n":{"type":"integer"},"s":{"type":"string"}}})").value());
  std::vector<testing::Binding> bindings = {{"self", R"("x")", text}, {"o", "{}", object}};
  for (const Case& each : std::initializer_list<Case>{
           {"self + 1", "1:6: found no matching overload for '_+_' applied to '(string, int)'"},
           {"nofunc(self)", "1:7: undeclared reference to 'nofunc' (in container '')"},
           {"self.startsWith(5)", "1:16: found no matching overload for 'startsWith' applied to 'string.(int)'"},
           {"self.size() > 0 && bogus", "1:20: undeclared reference to 'bogus' (in container '')"},
           {"self.nomethod()", "1:14: undeclared reference to 'nomethod' (in container '')"},
           {"self.x", "1:5: type 'string' does not support field selection"},
           {"o.missing", "1:2: undefined field 'missing'"},
           {"has(o.missing)", "1:4: undefined field 'missing'"},
           {"o.n == o.s", "1:5: found no matching overload for '_==_' applied to '(int, string)'"},
           {"1 == '1'", "1:3: found no matching overload for '_==_' applied to '(int, string)'"},
           {"[1, 'a']", "1:5: expected type 'int' but found 'string'"},
           {"{'a': 1, 'b': 'c'}", "1:15: expected type 'int' but found 'string'"},
           {"1.all(x, true)",
            "1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"},
           {"[1].all(x, x)", "1:8: found no matching overload for '_&&_' applied to '(bool, int)'"},
           {"1 ? 2 : 3", "1:3: found no matching overload for '_?_:_' applied to '(int, int, int)'"},
           {"true ? 1 : 'a'", "1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"},
           {"!1", "1:1: found no matching overload for '!_' applied to '(int)'"},
           {"1 in 2", "1:3: found no matching overload for '@in' applied to '(int, int)'"},
           {"[1]['a']", "1:4: found no matching overload for '_[_]' applied to '(list(int), string)'"},
           {"duration('x')", "1:10: invalid duration argument"},
           {"timestamp('x')", "1:11: invalid timestamp argument"},
           {"self.matches('(')", "1:14: invalid matches argument"},
           {"Object{a: 1}", "1:7: undeclared reference to 'Object' (in container '')"},
           {"cel.bind(x, 1, x)", "1:1: undeclared reference to 'cel' (in container '')"},
           {"self.optMap(x, x)", "1:12: found no matching overload for 'hasValue' applied to 'string.()'"},
       }) {
    EXPECT_EQ(first_line(run(each.expression, bindings)), std::string("ERROR: <input>:") + each.complaint)
        << each.expression;
  }
}

TEST(CompileError, WordsSyntaxAsUpstreamDoes) {
  constexpr const char* kExpecting =
      "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
      "IDENTIFIER}";
  for (const Case& each : std::initializer_list<Case>{
           {"self.(", "1:6: Syntax error: no viable alternative at input '.('"},
           {"self.true", "1:6: Syntax error: mismatched input 'true' expecting IDENTIFIER"},
           {"a b", "1:3: Syntax error: extraneous input 'b' expecting <EOF>"},
           {"a b c", "1:3: Syntax error: mismatched input 'b' expecting <EOF>"},
           {"(a", "1:3: Syntax error: missing ')' at '<EOF>'"},
           {"a = b", "1:3: Syntax error: token recognition error at: '= '"},
           {"@a", "1:1: Syntax error: token recognition error at: '@'"},
           {"a ? b", "1:6: Syntax error: mismatched input '<EOF>' expecting ':'"},
           {"{a}", "1:3: Syntax error: mismatched input '}' expecting ':'"},
           {"TestAllTypes{}()", "1:15: Syntax error: mismatched input '(' expecting <EOF>"},
           {"as", "1:1: reserved identifier: as"},
           {"has(m)", "1:5: invalid argument to has() macro"},
           {"[].all(1, true)", "1:8: argument is not an identifier"},
           {"9223372036854775808", "1:1: invalid int literal"},
           {"18446744073709551616u", "1:1: invalid uint literal"},
           {"1e400", "1:1: invalid double literal"},
           {"a.`b`", "1:3: unsupported syntax: '`'"},
       }) {
    EXPECT_EQ(first_line(run(each.expression)), std::string("ERROR: <input>:") + each.complaint) << each.expression;
  }
  EXPECT_EQ(first_line(run("1 +")),
            std::string("ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting ") + kExpecting);
  EXPECT_EQ(first_line(run("")),
            std::string("ERROR: <input>:1:1: Syntax error: mismatched input '<EOF>' expecting ") + kExpecting);
  EXPECT_EQ(run("1 + +"),
            std::string("ERROR: <input>:1:5: Syntax error: mismatched input '+' expecting ") + kExpecting +
                "\n | 1 + +\n | ....^\nERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting " +
                kExpecting + "\n | 1 + +\n | .....^");
}

TEST(CompileError, BoundsDepthAndSize) {
  EXPECT_EQ(run(std::string(300, '(') + "1" + std::string(300, ')')),
            "ERROR: <input>:-1:0: expression recursion limit exceeded: 250");
  std::string sum = "1";
  for (int i = 0; i < 2000; ++i) sum += "+1";
  EXPECT_EQ(run(sum), "ERROR: <input>:-1:0: max recursion depth exceeded");
  EXPECT_EQ(run(std::string(100'001, ' ')),
            "ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100001, limit 100000");
  std::string either = "false";
  for (int i = 0; i < 2000; ++i) either += "||false";
  EXPECT_EQ(run(either + "||true"), "true");
}

}  // namespace
}  // namespace cel
