#include <gtest/gtest.h>

#include "cel/testing.h"

namespace cel {
namespace {

using testing::run;

struct Case {
  const char* expression;
  const char* result;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(run(each.expression), each.result) << each.expression;
}

TEST(Evaluation, LiteralsAreWhatTheySay) {
  expect_all({
      {"1", "1"},
      {"-1", "-1"},
      {"0x1F", "31"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"7u", "7u"},
      {"0xFFu", "255u"},
      {"1.5", "1.5"},
      {".5e1", "5"},
      {"-2.5", "-2.5"},
      {"1e3", "1000"},
      {"1e6", "1e+06"},
      {"true", "true"},
      {"null", "null"},
      {"'it\\'s'", "'it's'"},
      {"\"\"\"a\nb\"\"\"", "'a\nb'"},
      {"r'a\\n'", "'a\\n'"},
      {"'\\x41\\u00e9\\101'", "'AéA'"},
      {"'\\U0001F600'", "'😀'"},
      {"b'\\xff\\000a'", "b'ff0061'"},
      {"[1, 2,]", "[1, 2]"},
      {"{'a': 1, 'b': 2}", "{'a': 1, 'b': 2}"},
      {"{1: 'x', 2: 'y'}", "{1: 'x', 2: 'y'}"},
      {"// nothing\n1 // more", "1"},
  });
}

TEST(Evaluation, NumbersOverflowWithAnError) {
  expect_all({
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"7 / 2", "3"},
      {"-7 / 2", "-3"},
      {"-7 % 2", "-1"},
      {"7.0 / 2.0", "3.5"},
      {"1.0 / 0.0", "+Inf"},
      {"1 / 0", "error: division by zero"},
      {"1 % 0", "error: modulus by zero"},
      {"1u / 0u", "error: division by zero"},
      {"9223372036854775807 + 1", "error: integer overflow"},
      {"-9223372036854775808 - 1", "error: integer overflow"},
      {"-9223372036854775808 / -1", "error: integer overflow"},
      {"-(-9223372036854775808)", "error: integer overflow"},
      {"9223372036854775807 * 2", "error: integer overflow"},
      {"0u - 1u", "error: unsigned integer overflow"},
      {"18446744073709551615u + 1u", "error: unsigned integer overflow"},
      {"--1", "1"},
      {"!!true", "true"},
  });
}

TEST(Evaluation, NumbersOfAllKindsAreCompared) {
  expect_all({
      {"dyn(1) == dyn(1u)", "true"},
      {"dyn(1) == dyn(1.0)", "true"},
      {"1 < 1.5", "true"},
      {"2u > 1", "true"},
      {"9223372036854775807 < 9223372036854775808.0", "true"},
      {"dyn(9223372036854775807) == dyn(9223372036854775808.0)", "false"},
      {"double('NaN') == double('NaN')", "false"},
      {"double('NaN') < 1.0", "false"},
      {"dyn(1) == dyn('1')", "false"},
      {"1 in [dyn(1.0)]", "true"},
      {"{1: 'a'}[dyn(1.0)]", "'a'"},
      {"'a' < 'b' && b'a' < b'b' && false < true", "true"},
  });
}

TEST(Evaluation, OneSideMayDecideDespiteTheOthersError) {
  expect_all({
      {"1 / 0 == 1 || true", "true"},
      {"1 / 0 == 1 && false", "false"},
      {"true || 1 / 0 == 1", "true"},
      {"1 / 0 == 1 || false", "error: division by zero"},
      {"1 / 0 == 1 && true", "error: division by zero"},
      {"true ? 1 : 1 / 0", "1"},
      {"[1, 0].exists(x, 4 / x == 4)", "true"},
      {"[0, 1].exists(x, 4 / x == 4)", "true"},
      {"[0, 2].exists(x, 4 / x == 4)", "error: division by zero"},
      {"[0, 1].all(x, 4 / x == 5)", "false"},
      {"[0, 1].all(x, 4 / x == 4)", "error: division by zero"},
      {"dyn(1) && true", "error: no such overload"},
  });
}

TEST(Evaluation, MacrosRunOverListsAndMaps) {
  expect_all({
      {"[1, 2, 3].all(x, x > 0)", "true"},
      {"[].all(x, x)", "true"},
      {"[1, 2, 2].exists_one(x, x == 1)", "true"},
      {"[1, 2, 2].exists_one(x, x == 2)", "false"},
      {"[1, 2].map(x, x * 2)", "[2, 4]"},
      {"[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"},
      {"[1, 2, 3].filter(x, x > 1)", "[2, 3]"},
      {"{'a': 1, 'b': 2}.all(k, k < 'c')", "true"},
      {"{'a': 1}.map(k, k)", "['a']"},
      {"[[1], [2, 3]].map(l, l.map(x, x + 1))", "[[2], [3, 4]]"},
      {"['a', 'b'].all(i, v, i < 2 && v != 'c')", "true"},
      {"{'a': 1, 'b': 2}.exists(k, v, k == 'b' && v == 2)", "true"},
      {"{'a': 1, 'b': 2}.existsOne(k, v, v == 2)", "true"},
      {"[5, 6].transformList(i, v, i + v)", "[5, 7]"},
      {"[5, 6].transformList(i, v, i > 0, v)", "[6]"},
      {"{'a': 1, 'b': 2}.transformMap(k, v, v * 10)", "{'a': 10, 'b': 20}"},
      {"{'a': 1, 'b': 2}.transformMap(k, v, k == 'a', v)", "{'a': 1}"},
      {"['x', 'y'].transformMapEntry(i, v, {v: i})", "{'x': 0, 'y': 1}"},
      {"['x', 'x'].transformMapEntry(i, v, {v: i})", "error: insert failed: key x already exists"},
      {"dyn(1).all(x, true)", "error: got 'types.Int', expected iterable type"},
  });
}

TEST(Evaluation, FieldsAndElementsThatAreNotThereAreErrors) {
  expect_all({
      {"{'a': 1}.a", "1"},
      {"{'a': 1}.b", "error: no such key: b"},
      {"{'a': 1}['b']", "error: no such key: b"},
      {"{1: 1}[2]", "error: no such key: 2"},
      {"[1][1]", "error: index out of bounds: 1"},
      {"[1][-1]", "error: index out of bounds: -1"},
      {"has({'a': 1}.a)", "true"},
      {"has({'a': 1}.b)", "false"},
      {"'a' in {'a': 1}", "true"},
      {"has(dyn(null).a) || has(dyn(1).a)", "false"},
      {"has(dyn({'a': 1}).b.c)", "error: no such key: b"},
      {"dyn(1).a", "error: no such key: a"},
      {"{'a': 1, 'a': 2}", "error: Failed with repeated key"},
      {"size('héllo')", "5"},
      {"size(b'h\\xff')", "2"},
      {"[1, 2].size() + {'a': 1}.size()", "3"},
      {"size(dyn(1))", "error: no such overload: size"},
      {"dyn(1) + dyn('a')", "error: no such overload"},
      {"dyn(true) + dyn(true)", "error: no such overload: _+_"},
      {"dyn(1).startsWith('a')", "error: no such overload"},
  });
}

TEST(Evaluation, ConversionsReadAndWrite) {
  expect_all({
      {"int('5') + int(2.9) + int(1u)", "8"},
      {"int(-2.9)", "-2"},
      {"int('x')", "error: type conversion error from 'string' to 'int'"},
      {"int(1e19)", "error: integer overflow"},
      {"uint(-1)", "error: unsigned integer overflow"},
      {"uint('7')", "7u"},
      {"double('1.5')", "1.5"},
      {"double('Infinity')", "+Inf"},
      {"double('x')", "error: type conversion error from 'string' to 'double'"},
      {"bool('true') && !bool('0')", "true"},
      {"bool('yes')", "error: type conversion error from 'string' to 'bool'"},
      {"string(1.0)", "'1'"},
      {"string(-0.25)", "'-0.25'"},
      {"string(b'ab')", "'ab'"},
      {"string(b'\\xff')", "error: invalid UTF-8 in bytes, cannot convert to string"},
      {"bytes('é')", "b'c3a9'"},
      {"string(timestamp('2024-01-02T03:04:05.5Z'))", "'2024-01-02T03:04:05.5Z'"},
      {"string(duration('1h1m1s'))", "'3661s'"},
      {"type(1) == int && type('a') == string && type(type(1)) == type", "true"},
      {"type([]) == list && type({}) == map && type(null) == null_type", "true"},
      {"type(dyn(1.0)) == double", "true"},
      {"dyn([1]) == [1]", "true"},
  });
}

TEST(Evaluation, TimesAreCountedInZones) {
  expect_all({
      {"timestamp('2024-02-29T23:30:15.123Z').getFullYear()", "2024"},
      {"timestamp('2024-02-29T23:30:15.123Z').getMonth()", "1"},
      {"timestamp('2024-02-29T23:30:15.123Z').getDate()", "29"},
      {"timestamp('2024-02-29T23:30:15.123Z').getDayOfMonth()", "28"},
      {"timestamp('2024-02-29T23:30:15.123Z').getDayOfWeek()", "4"},
      {"timestamp('2024-03-01T00:00:00Z').getDayOfYear()", "60"},
      {"timestamp('2023-12-31T00:00:00Z').getDayOfYear()", "364"},
      {"timestamp('2024-02-29T23:30:15.123Z').getHours('+01:00')", "0"},
      {"timestamp('2024-02-29T23:30:15.123Z').getDate('+01:00')", "1"},
      {"timestamp('2024-02-29T23:30:15.123Z').getMilliseconds()", "123"},
      {"timestamp('2024-02-29T23:30:15.123Z').getMinutes('-00:15')", "15"},
      {"timestamp('2024-01-01T00:00:00Z').getHours('Nowhere/Land')", "error: unknown time zone Nowhere/Land"},
      {"timestamp('2024-01-01T00:00:00Z') + duration('90m') == timestamp('2024-01-01T01:30:00Z')", "true"},
      {"timestamp('2024-01-01T01:00:00Z') - timestamp('2024-01-01T00:00:00Z')", "duration(3600s)"},
      {"timestamp(0)", "timestamp(1970-01-01T00:00:00Z)"},
      {"int(timestamp('1970-01-01T00:01:00Z'))", "60"},
      {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: timestamp overflow"},
      {"duration('1h30m').getMinutes()", "90"},
      {"duration('1500ms').getSeconds()", "1"},
      {"duration('1500ms').getMilliseconds()", "1500"},
      {"duration('1h') > duration('59m')", "true"},
      {"timestamp(dyn('x'))", "error: type conversion error from 'string' to 'google.protobuf.Timestamp'"},
  });
}

TEST(Evaluation, OptionalsAreAbsentWithoutError) {
  expect_all({
      {"{'a': 1}.?a", "optional(1)"},
      {"{'a': 1}.?b", "none"},
      {"{'a': {'b': 2}}.?a.b", "optional(2)"},
      {"{'a': {'b': 2}}.?a.?c.orValue(7)", "7"},
      {"{'a': 1}[?'b'].hasValue()", "false"},
      {"dyn(null).?a.orValue('x')", "'x'"},
      {"[1, 2][?1]", "optional(2)"},
      {"[1, 2][?5]", "none"},
      {"[1, ?optional.none(), ?optional.of(3)]", "[1, 3]"},
      {"{'a': 1, ?'b': optional.none(), ?'c': optional.of(2)}", "{'a': 1, 'c': 2}"},
      {"optional.of(1).or(optional.of(2)).value()", "1"},
      {"optional.none().or(optional.of(2)).value()", "2"},
      {"optional.none().value()", "error: optional.none() dereference"},
      {"optional.ofNonZeroValue(0)", "none"},
      {"optional.ofNonZeroValue('x')", "optional('x')"},
      {"optional.of(1).optMap(x, x + 1)", "optional(2)"},
      {"optional.none().optMap(x, x + 1)", "none"},
      {"optional.of(1).optFlatMap(x, optional.none())", "none"},
      {"optional.of(1) == optional.of(1) && optional.none() == optional.none()", "true"},
      {"optional.of(1).orValue(1 / 0)", "1"},
      {"optional.of([1, 2])[0]", "optional(1)"},
      {"[optional.of(1), optional.none()].unwrapOpt()", "[1]"},
  });
}

TEST(Evaluation, ACostLimitEndsIt) {
  Environment environment;
  auto program = environment.compile("[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, a + b > 0))").value();
  Budget budget{.limit = 100};
  Value result = program->evaluate({}, budget);
  ASSERT_TRUE(result.is_error());
  EXPECT_EQ(result.failure(), Failure::CostLimit);
  EXPECT_EQ(result.error_message(), "operation cancelled: actual cost limit exceeded");
  // It cannot be hidden behind an or.
  program = environment.compile("[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, a + b > 0)) || true").value();
  Budget second{.limit = 100};
  EXPECT_TRUE(program->evaluate({}, second).is_error());
}

TEST(Evaluation, LazyVariablesAreAskedForOnce) {
  Environment environment;
  environment.add_variable("x", int_type());
  environment.add_variable("y", int_type());
  auto program = environment.compile("x + x == 4 || y == 1").value();
  EXPECT_TRUE(program->uses("x"));
  EXPECT_FALSE(program->uses("z"));
  int asked = 0;
  Activation activation;
  activation.set_lazy("x", [&] {
    ++asked;
    return Value::of_int(2);
  });
  activation.set_lazy("y", [&]() -> Value {
    ADD_FAILURE();
    return {};
  });
  Budget budget;
  EXPECT_TRUE(program->evaluate(activation, budget).is_true());
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace cel
