#include "schema/yaml.h"

#include <gtest/gtest.h>

namespace schema {
namespace {

std::string json(std::string_view yaml, DuplicateKeys duplicates = DuplicateKeys::LastWins) {
  auto result = yaml_to_json(yaml, duplicates);
  return result ? *result : result.error().message();
}

std::string yaml(std::string_view json) {
  return to_yaml(Value::parse(json).value());
}

TEST(Yaml, PlainScalarsAreResolved) {
  struct Case {
    const char *yaml, *json;
  } cases[] = {
      {"0644", "420"},
      {"0x1F", "31"},
      {"0b11", "3"},
      {"0o17", "15"},
      {"1_000", "1000"},
      {"089", "89"},
      {"+5", "5"},
      {"-0x10", "-16"},
      {".5", "0.5"},
      {"1e3", "1000"},
      {"5.", "5"},
      {"1:30", "\"1:30\""},
      {"2001-01-01", "\"2001-01-01\""},
      {"18446744073709551615", "18446744073709552000"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"yes", "true"},
      {"N", "false"},
      {"On", "true"},
      {"~", "null"},
      {"", "null"},
      {"Null", "null"},
      {"nope", "\"nope\""},
      {"1.2.3", "\"1.2.3\""},
      {"-", "[null]"},
      {"'5'", "\"5\""},
      {"\"yes\"", "\"yes\""},
      {"!!str 5", "\"5\""},
      {"!!float 5", "5"},
      {"!!binary aGk=", "\"hi\""},
      {"!!binary /w==", "\"\uFFFD\""},
      {"!custom x", "\"x\""},
      {"!!int x", "yaml: cannot decode !!str `x` as a !!int"},
      {".nan", "json: unsupported value: NaN"},
  };
  for (auto& c : cases) EXPECT_EQ(json(c.yaml), c.json) << c.yaml;
}

TEST(Yaml, KeysBecomeTextAndAreSorted) {
  EXPECT_EQ(json("n: \"1\"\nb: 2\n1: x\n1.5: z\n\"\": z\n"), R"({"":"z","1":"x","1.5":"z","b":2,"false":"1"})");
}

TEST(Yaml, BlockAndFlowNest) {
  EXPECT_EQ(json("a:\n- b: [1, {c: d}]\n  e: |\n    l1\n    l2\n- >-\n  x\n  y\n"),
            R"({"a":[{"b":[1,{"c":"d"}],"e":"l1\nl2\n"},"x y"]})");
}

TEST(Yaml, MergesInTheOrderWritten) {
  EXPECT_EQ(json("b: &b {p: 1, q: 2}\nm1: {p: 9, <<: *b}\nm2: {<<: *b, p: 9}\nm3: {<<: [{p: 5}, *b], r: 1}\n"),
            R"({"b":{"p":1,"q":2},"m1":{"p":1,"q":2},"m2":{"p":9,"q":2},"m3":{"p":5,"q":2,"r":1}})");
  EXPECT_EQ(json("{<<: 5}"), "yaml: map merge requires map or sequence of maps as the value");
}

TEST(Yaml, ComplainsAsUpstream) {
  EXPECT_EQ(json("{"), "yaml: line 1: did not find expected node content");
  EXPECT_EQ(json("a: b: c"), "yaml: mapping values are not allowed in this context");
  EXPECT_EQ(json("a: *x"), "yaml: unknown anchor 'x' referenced");
  EXPECT_EQ(json("a: &x [*x]"), "yaml: anchor 'x' value contains itself");
  EXPECT_EQ(json("a: 1\n\tb: 2\n"), "yaml: line 2: found a tab character that violates indentation");
}

TEST(Yaml, RepeatedKeysAreRefusedWhenAsked) {
  const char* text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n  k: w\n";
  EXPECT_EQ(json(text), R"({"apiVersion":"v1","data":{"k":"w"},"kind":"ConfigMap","metadata":{"name":"a"}})");
  EXPECT_EQ(json(text, DuplicateKeys::Refused), "yaml: unmarshal errors:\n  line 7: key \"k\" already set in map");
}

TEST(Yaml, AliasesCannotBlowUp) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 8; ++j) bomb += "," + last;
    bomb += "]\n";
  }
  EXPECT_EQ(json(bomb), "yaml: document contains excessive aliasing");
}

TEST(Yaml, DepthIsBounded) {
  EXPECT_FALSE(yaml_to_json(std::string(100'000, '[')));
  EXPECT_TRUE(yaml_to_json(std::string(500, '[') + std::string(500, ']')));
}

TEST(Yaml, StreamsAreCutAtMarkerLines) {
  auto documents = split_yaml_documents("# top\n---\na: 1\n--- # second\nb: |\n  ---x\n---\n\n---  \nc: 3");
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[0], "a: 1\n");
  EXPECT_EQ(documents[1], "b: |\n  ---x\n");
  EXPECT_EQ(documents[2], "c: 3");
  EXPECT_EQ(json("a: 1\n---\nb: 2\n"), R"({"a":1})");
  EXPECT_EQ(json("# nothing\n"), "null");
}

TEST(YamlWriter, PrintsAsKubectl) {
  EXPECT_EQ(yaml(R"({"kind":"X","a":[{"n":1,"b":[]},["x"],{}],"d":"2001-01-01","e":"","f":1e-5,"y":"yes","n":null,
                     "m":"l1\nl2\n","s":"it's: #1","t":" pad","a10":1.5,"a2":123456789.123,"big":18446744073709551615})"),
            R"(a:
- b: []
  "n": 1
- - x
- {}
a2: 1.23456789123e+08
a10: 1.5
big: 1.8446744073709552e+19
d: "2001-01-01"
e: ""
f: 1e-05
kind: X
m: |
  l1
  l2
"n": null
s: 'it''s: #1'
t: ' pad'
"y": "yes"
)");
}

TEST(YamlWriter, LongAndOddTextIsFoldedAndQuotedAsKubectlDoes) {
  EXPECT_EQ(yaml(R"({"s":"the quick brown fox jumps over the lazy dog and then some more text follows that is longer",
                     "lead":" a\nb","dq":"a\tb","lsp":"a \nb","tr":"a\nb\n\n"})"),
            R"(dq: "a\tb"
lead: |2-
   a
  b
lsp: "a \nb"
s: the quick brown fox jumps over the lazy dog and then some more text follows that
  is longer
tr: |+
  a
  b

)");
}

TEST(YamlWriter, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(to_yaml(Value(std::string("a\xff"))), "a\uFFFD\n");
}

TEST(YamlWriter, WhatIsWrittenReadsBackTheSame) {
  for (const char* text :
       {R"({"a":["1","true","~","1:30","0x1","- x","a: b","#c","","\t","é","a\nb"," a\nb","a\n\nb\n\n"]})",
        R"([[],{},[[1]],{"x":{"y":[{"z":null}]}}])", R"("plain")", R"({"multi":"x\r\ny","trail":"a \n"})"}) {
    Value value = Value::parse(text).value();
    auto again = parse_yaml(to_yaml(value));
    ASSERT_TRUE(again) << to_yaml(value) << again.error().message();
    EXPECT_EQ(*again, value) << to_yaml(value);
  }
}

}  // namespace
}  // namespace schema
