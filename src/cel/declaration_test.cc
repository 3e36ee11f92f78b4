#include "cel/declaration.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "cel/testing.h"

namespace cel {
namespace {

using testing::run;

DeclarationRef declared(std::string_view schema, bool root = false) {
  return declare(schema::Value::parse(schema).value(), {.resource_root = root});
}

TEST(Declaration, NamesAreEscapedWhereTheLanguageWantsIt) {
  for (auto [name, identifier] : std::initializer_list<std::pair<const char*, const char*>>{
           {"plain", "plain"},
           {"my-prop", "my__dash__prop"},
           {"x.y", "x__dot__y"},
           {"a/b", "a__slash__b"},
           {"__x", "__underscores__x"},
           {"namespace", "__namespace__"},
           {"in", "__in__"},
       }) {
    EXPECT_EQ(escape_identifier(name), identifier);
    EXPECT_EQ(unescape_identifier(identifier), name);
  }
  EXPECT_EQ(escape_identifier("1a"), "");
  EXPECT_EQ(escape_identifier("a$"), "");
  EXPECT_EQ(escape_identifier(""), "");
}

TEST(Declaration, FieldsAreReadAsTheSchemaSays) {
  DeclarationRef self = declared(R"({"type":"object","properties":{
      "i":{"type":"integer"},"n":{"type":"number"},"my-prop":{"type":"integer"},"namespace":{"type":"string"},
      "d":{"type":"string","format":"duration"},"t":{"type":"string","format":"date-time"},"day":{"type":"string","format":"date"},
      "b":{"type":"string","format":"byte"},"p":{"x-kubernetes-int-or-string":true},"z":{"type":"string","nullable":true},
      "l":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"}}}},
      "m":{"type":"object","additionalProperties":{"type":"integer"}},
      "any":{"x-kubernetes-preserve-unknown-fields":true}}})");
  const char* object =
      R"({"i":1,"n":2,"my-prop":3,"namespace":"ns","d":"90m","t":"2024-01-01T00:00:00Z","day":"2024-01-02",
      "b":"QUI=","p":"50%","z":null,"l":[{"k":"a"}],"m":{"x":1},"any":{"deep":[1]}})";
  for (auto [expression, result] : std::initializer_list<std::pair<const char*, const char*>>{
           {"self.i + self.my__dash__prop", "4"},
           {"self.n == 2.0 && type(self.n) == double", "true"},
           {"self.__namespace__", "'ns'"},
           {"self.d > duration('1h')", "true"},
           {"self.t.getFullYear() + self.day.getDate()", "2026"},
           {"self.b == b'AB'", "true"},
           {"type(self.p) == int ? self.p < 100 : self.p.endsWith('%')", "true"},
           {"has(self.z)", "false"},
           {"self.l[0].k + self.l.map(e, e.k)[0]", "'aa'"},
           {"self.m.x + self.m['x']", "2"},
           {"self.m.y", "error: no such key: y"},
           {"self.?z.orValue('none')", "'none'"},
           {"self == self", "true"},
       }) {
    EXPECT_EQ(run(expression, {{"self", object, self}}), result) << expression;
  }
  EXPECT_EQ(run("self.any", {{"self", object, self}}).substr(0, 47),
            "ERROR: <input>:1:5: undefined field 'any'\n | se");
  EXPECT_EQ(run("self.i", {{"self", R"({"i":"x"})", self}}), "error: invalid data, expected int, got string");
  EXPECT_EQ(run("self.d", {{"self", R"({"d":"x"})", self}}), "error: Invalid duration x");
}

TEST(Declaration, ResourcesHaveTheirNames) {
  DeclarationRef self = declared(R"({"type":"object","properties":{"spec":{"type":"object","properties":{
      "inner":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}}})",
                                 true);
  const char* object =
      R"({"apiVersion":"v1","kind":"K","metadata":{"name":"ok-1"},"spec":{"inner":{"kind":"Pod","metadata":{"name":"p"}}}})";
  EXPECT_EQ(run("self.metadata.name.startsWith('ok') && self.kind == 'K'", {{"self", object, self}}), "true");
  EXPECT_EQ(run("self.spec.inner.kind + self.spec.inner.metadata.name", {{"self", object, self}}), "'Podp'");
}

TEST(Declaration, SetsAndListMapsMergeAndCompareWithoutOrder) {
  DeclarationRef self = declared(R"({"type":"object","properties":{
      "a":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
      "b":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
      "x":{"type":"array","items":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
           "items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"integer"}}}}}}})");
  const char* object =
      R"({"a":["p","q"],"b":["q","p"],"x":[[{"k":"1","v":1},{"k":"2","v":2}],[{"k":"2","v":2},{"k":"1","v":1}]]})";
  for (auto [expression, result] : std::initializer_list<std::pair<const char*, const char*>>{
           {"self.a == self.b", "true"},
           {"self.a == ['q', 'p']", "true"},
           {"self.a == ['q', 'r']", "false"},
           {"self.a + self.b", "['p', 'q']"},
           {"self.a + ['r']", "['p', 'q', 'r']"},
           {"self.x[0] == self.x[1]", "true"},
           {"(self.x[0] + self.x[1]).size()", "2"},
           {"self.x[0] + self.x[1] == self.x[1]", "true"},
       }) {
    EXPECT_EQ(run(expression, {{"self", object, self}}), result) << expression;
  }
}

TEST(Declaration, UnknownFieldsCountWhenObjectsAreCompared) {
  DeclarationRef self =
      declared(R"({"type":"array","items":{"type":"object","x-kubernetes-preserve-unknown-fields":true,
      "properties":{"known":{"type":"integer"}}}})");
  const char* list = R"([{"known":1,"other":"a"},{"known":1,"other":"b"},{"other":"b","known":1}])";
  EXPECT_EQ(run("self[0] != self[1] && self[1] == self[2]", {{"self", list, self}}), "true");
}

TEST(Declaration, StructsAreDeclaredByTheirTables) {
  DeclarationRef pod = declare(schema::type_of<api::core_v1::Pod>());
  const char* object =
      R"({"metadata":{"name":"a","labels":{"x":"y"}},"spec":{"containers":[{"name":"c","ports":[{"containerPort":80}]}]}})";
  EXPECT_EQ(run("object.spec.containers[0].ports.all(p, p.containerPort == 80)", {{"object", object, pod}}), "true");
  EXPECT_EQ(run("object.metadata.labels.x + object.metadata.name", {{"object", object, pod}}), "'ya'");
  EXPECT_EQ(run("object.spec.nope", {{"object", object, pod}}).substr(0, 43),
            "ERROR: <input>:1:12: undefined field 'nope'");
}

TEST(Declaration, SchemasWithoutTypeAreNotSeen) {
  EXPECT_EQ(declared(R"({"x-kubernetes-preserve-unknown-fields":true})"), nullptr);
  EXPECT_EQ(declared(R"({"type":"array"})"), nullptr);
  EXPECT_NE(declared(R"({"type":"object","x-kubernetes-preserve-unknown-fields":true})"), nullptr);
}

}  // namespace
}  // namespace cel
