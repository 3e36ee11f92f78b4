#include <gtest/gtest.h>

#include "cel/environment.h"
#include "cel/program.h"
#include "schema/value.h"

namespace cel {
namespace {

schema::Value parse(std::string_view json) {
  return schema::Value::parse(json).value();
}

struct Case {
  const char* expression;
  uint64_t cost;
};

// What expressions cost on an object.
void expect_costs(std::string_view schema, std::string_view object, std::initializer_list<Case> cases) {
  DeclarationRef self = declare(parse(schema), {.resource_root = true});
  ASSERT_NE(self, nullptr);
  schema::Value tree = parse(object);
  Environment environment;
  environment.add_variable("self", self);
  Activation activation;
  activation.set("self", Value::of(tree, self.get()));
  for (const Case& each : cases) {
    auto program = environment.compile(each.expression);
    ASSERT_TRUE(program) << each.expression << "\n" << program.error().message();
    Budget budget;
    Value result = (*program)->evaluate(activation, budget);
    EXPECT_TRUE(result.is_true()) << each.expression << (result.is_error() ? ": " + result.error_message() : "");
    EXPECT_EQ(budget.used, each.cost) << each.expression;
  }
}

TEST(Cost, OfScalarsIsAsUpstreamCounts) {
  expect_costs(R"({"type":"object","properties":{"i":{"type":"integer"},"n":{"type":"number"},"s":{"type":"string"},
                   "b":{"type":"string","format":"byte"},"d":{"type":"string","format":"duration"},
                   "t":{"type":"string","format":"date-time"}}})",
               R"({"i":5,"n":10.0,"s":"Rook takes 👑","b":"QUI=","d":"1h2m3s4ms","t":"2011-08-18T19:03:37.01+01:00"})",
               {
                   {"type(self.i) == int", 4},
                   {"self.i + 1 == 5 + 1", 5},
                   {"double(self.i) < self.n", 6},
                   {"double(5) < 10.0", 1},
                   {"self.s.startsWith('Rook')", 4},
                   {"self.s.matches('^[^0-9]*$')", 8},
                   {"size(self.s) == 12", 4},
                   {"self.s.charAt(3) == 'k'", 4},
                   {"self.s.indexOf('o') == 1", 4},
                   {"self.s.replace(' ', 'x') == 'Rookxtakesx👑'", 7},
                   {"self.s.split(' ') == ['Rook', 'takes', '👑']", 6},
                   {"self.s.substring(5) == 'takes 👑'", 5},
                   {"self.s.substring(4, 10).trim() == 'takes'", 6},
                   {"self.s.upperAscii() == 'ROOK TAKES 👑'", 6},
                   {"self.b == b'AB'", 3},
                   {"self.d == duration('1h2m') + duration('3s4ms')", 4},
                   {"self.d.getHours() == 1", 4},
                   {"self.t.getDate('01:00') == 18", 4},
                   {"type(self.t) == google.protobuf.Timestamp", 4},
                   {"self.s in ['Rook takes 👑', 'x']", 2},
               });
}

TEST(Cost, OfLoopsIsAsUpstreamCounts) {
  expect_costs(R"({"type":"object","properties":{
                   "array":{"type":"array","items":{"type":"integer"}},
                   "val":{"type":"object","additionalProperties":{"type":"integer"}},
                   "listMap":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
                     "items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"string"},"v2":{"type":"string"}}}}}})",
               R"({"array":[1,1,2,2,3,3,4,5],"val":{"b":1,"d":2},
                   "listMap":[{"k":"a1","v":"b1"},{"k":"a2","v":"b2"},{"k":"a3","v":"b3","v2":"z"}]})",
               {
                   {"2 in self.array", 10},
                   {"self.array.all(e, e > 0)", 43},
                   {"self.array.exists(e, e > 2)", 36},
                   {"self.array.exists_one(e, e > 4)", 22},
                   {"!self.array.all(e, e < 2)", 21},
                   {"!self.array.exists(e, e < 0)", 52},
                   {"size(self.array.filter(e, e%2 == 0)) == 3", 68},
                   {"self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)", 194},
                   {"self.val.all(k, self.val[k] > 0)", 17},
                   {"self.val.exists_one(k, self.val[k] == 2)", 14},
                   {"size(self.val.filter(k, self.val[k] > 1)) == 1", 26},
                   {"!has(self.val.a)", 3},
                   {"self.listMap.all(m, m.k.startsWith('a'))", 21},
                   {"self.listMap.exists(m, m.k.endsWith('1'))", 13},
                   {"self.listMap.exists_one(m, m.k == 'a3')", 15},
                   {"self.listMap.map(m, m.v).exists(v, v == 'b1')", 55},
                   {"self.listMap.exists(m, has(m.v2) && m.v2 == 'z')", 21},
                   {"self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1", 25},
                   {"self.listMap.exists(m, m.v2 == 'z')", 24},
                   {"!self.listMap.all(m, m.v2 != 'z')", 22},
               });
}

TEST(Cost, OfOptionalsIsAsUpstreamCounts) {
  expect_costs(
      R"({"type":"object","properties":{"obj":{"type":"object","properties":{"field":{"type":"string"},"absent":{"type":"string"}}},
                   "m":{"type":"object","additionalProperties":{"type":"string"}},"l":{"type":"array","items":{"type":"string"}}}})",
      R"({"obj":{"field":"a"},"m":{"k":"v"},"l":["a"]})",
      {
          {"optional.of('a') != optional.of('b')", 3},
          {"optional.of('a').or(optional.of('a')).hasValue()", 2},
          {"optional.none().or(optional.of('a')).hasValue()", 3},
          {"!optional.of('a').optMap(v, v == 'value').value()", 9},
          {"self.obj.?field == optional.of('a')", 5},
          {"self.obj.?absent == optional.none()", 4},
          {"self.obj.?field.orValue('v') == 'a'", 4},
          {"self.m[?'k'] == optional.of('v')", 5},
          {"self.l[?0] == optional.of('a')", 5},
      });
}

struct Estimate {
  const char* schema;
  const char* expression;
  uint64_t max;
};

TEST(Cost, IsEstimatedAsUpstreamDoes) {
  for (const Estimate& each : std::initializer_list<Estimate>{
           {R"({"type":"array","items":{"type":"number"}})", "self.all(x, true)", 4718591},
           {R"({"type":"array","maxItems":10,"items":{"type":"number"}})", "self.all(x, true)", 32},
           {R"({"type":"array","items":{"type":"string"}})", "self.all(x, true)", 3145727},
           {R"({"type":"array","items":{"type":"boolean"}})", "self.all(x, true)", 1887437},
           {R"({"type":"array","items":{"type":"array","items":{"type":"number"}}})", "self.all(x, true)", 3145727},
           {R"({"type":"object","additionalProperties":{"type":"number"}})", "self.all(x, true)", 1348169},
           {R"({"type":"object","additionalProperties":{"type":"string"}})", "self.all(x, true)", 1179647},
           {R"({"type":"object","additionalProperties":{"type":"string","format":"duration"}})", "self.all(x, true)",
            1048577},
           {R"({"type":"array","items":{"type":"string","format":"date-time"}})", "self.all(x, true)", 428963},
           {R"({"type":"array","items":{"x-kubernetes-int-or-string":true}})", "self.all(x, true)", 4718591},
           {R"({"type":"string"})", "self.contains('test')", 314574},
           {R"({"type":"string","maxLength":10})", "self.contains('test')", 5},
           {R"({"type":"string"})", "self.startsWith('test')", 2},
           {R"({"type":"string"})", "size(self + 'hello') > size('hello')", 314578},
           {R"({"type":"string"})", "self.matches('x')", 314574},
           {R"({"type":"string","maxLength":50})", "self.matches('x')", 22},
           {R"({"type":"string"})", "''.matches('(((((((((())))))))))[0-9]')", 7},
           {R"({"type":"array","maxItems":10,"items":{"type":"number"}})", "self.all(x, self.all(y, true))", 352},
           {R"({"type":"array","maxItems":10,"items":{"type":"number"}})",
            "self.all(x, self.all(y, self.all(z, true)))", 3552},
           {R"({"type":"string"})", "self.find('[0-9]+') == ''", 629147},
           {R"({"type":"string","maxLength":10})", "self.find('[0-9]+') == ''", 11},
           {R"({"type":"array","items":{"type":"string"}})", "self.join(' ') == 'aa bb'", 329853068905},
           {R"({"type":"array","items":{"type":"string"}})", "self.isSorted() == true", 329854432052},
           {R"({"type":"string","maxLength":10})", "self.lowerAscii() == 'lower!'", 6},
           {R"({"type":"string"})", "self.lowerAscii() == 'lower!'", 314575},
           {R"({"type":"string","enum":["A","LongValue"]})", "self.contains('A')", 2},
       }) {
    DeclarationRef self = declare(parse(each.schema));
    Environment environment;
    environment.add_variable("self", self);
    auto program = environment.compile(each.expression);
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ((*program)->estimate_cost(self.get()).max, each.max) << each.schema << " " << each.expression;
  }
}

}  // namespace
}  // namespace cel
