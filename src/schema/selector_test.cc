#include "schema/selector.h"

#include <gtest/gtest.h>

#include "api/meta_v1.h"

namespace schema {
namespace {

std::string label_error(std::string_view text) {
  auto selector = LabelSelector::parse(text);
  return selector ? selector->to_string() : selector.error().message();
}

bool matches(std::string_view text, const Labels& labels) {
  return LabelSelector::parse(text).value().matches(labels);
}

TEST(LabelSelector, Matches) {
  Labels web = {{"app", "web"}, {"n", "5"}, {"empty", ""}};
  for (const char* text :
       {"", "app=web", "app==web", "app!=db", "x!=y", "app in (web,db)", "x notin (a)", "app", "!x", "n>4", "n<6",
        "app,!x,n notin(4)", "empty=", "empty in ()", "empty in (,a)", " app = web , n "}) {
    EXPECT_TRUE(matches(text, web)) << text;
  }
  for (const char* text : {"app=db", "app!=web", "app in (db)", "app notin (web)", "x", "!app", "n>5", "n<5", "app>1",
                           "x=", "x in ()", "app=web,x"}) {
    EXPECT_FALSE(matches(text, web)) << text;
  }
}

TEST(LabelSelector, ComplainsAsUpstream) {
  EXPECT_EQ(label_error("a===b"), "unable to parse requirement: found '=', expected: identifier");
  EXPECT_EQ(label_error(","), "found ',', expected: !, identifier, or 'end of string'");
  EXPECT_EQ(label_error("=="), "found '==', expected: !, identifier, or 'end of string'");
  EXPECT_EQ(label_error("a in b"), "unable to parse requirement: found 'b' expected: '('");
  EXPECT_EQ(label_error("a in (b"), "unable to parse requirement: found '', expected: ',' or ')'");
  EXPECT_EQ(label_error("a=b,"), "found '', expected: identifier after ','");
  EXPECT_EQ(label_error("!"), "unable to parse requirement: found '', expected: identifier");
  EXPECT_EQ(label_error("!a=b"), "found '=', expected: ',' or 'end of string'");
  EXPECT_EQ(label_error("a b"), "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
  EXPECT_EQ(label_error("-bad-=x"),
            "unable to parse requirement: <nil>: Invalid value: \"-bad-\": name part must consist of alphanumeric "
            "characters, "
            "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
            "'123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");
  EXPECT_EQ(label_error("a=" + std::string(64, 'v')), "unable to parse requirement: values[0][a]: Invalid value: \"" +
                                                          std::string(64, 'v') + "\": must be no more than 63 bytes");
  EXPECT_EQ(label_error("a>b"),
            "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be "
            "an integer");
}

TEST(LabelSelector, PrintsSortedByKey) {
  EXPECT_EQ(label_error("z in (b,a,b),!y,x!=1,in=notin"), "in=notin,x!=1,!y,z in (a,b)");
}

TEST(LabelSelector, OfTheApisForm) {
  api::meta_v1::LabelSelector form;
  EXPECT_TRUE(LabelSelector::from(form)->is_everything());
  form.match_labels["a"] = "1";
  form.match_expressions.push_back({"b", "In", {"x", "y"}});
  form.match_expressions.push_back({"c", "DoesNotExist", {}});
  LabelSelector selector = LabelSelector::from(form).value();
  EXPECT_EQ(selector.to_string(), "a=1,b in (x,y),!c");
  EXPECT_TRUE(selector.matches(Labels{{"a", "1"}, {"b", "y"}}));
  EXPECT_FALSE(selector.matches(Labels{{"a", "1"}, {"b", "y"}, {"c", ""}}));
  form.match_expressions[0].operator_ = "Bad";
  EXPECT_EQ(LabelSelector::from(form).error().message(), "\"Bad\" is not a valid label selector operator");
  EXPECT_FALSE(LabelSelector::nothing().matches(Labels{}));
}

TEST(FieldSelector, MatchesWithAbsentAsEmpty) {
  Lookup pod = [](std::string_view field) -> std::optional<std::string_view> {
    if (field == "metadata.name") return "a,b";
    if (field == "status.phase") return "Running";
    return std::nullopt;
  };
  auto matches = [&](std::string_view text) { return FieldSelector::parse(text).value().matches(pod); };
  for (const char* text : {"", "status.phase=Running", "status.phase==Running", "status.phase!=Failed",
                           "metadata.name=a\\,b", "spec.nodeName=", "status.phase=Running,,spec.nodeName="}) {
    EXPECT_TRUE(matches(text)) << text;
  }
  for (const char* text : {"status.phase=Failed", "status.phase!=Running", "spec.nodeName!="})
    EXPECT_FALSE(matches(text)) << text;
}

TEST(FieldSelector, ComplainsAsUpstream) {
  auto error = [](std::string_view text) { return FieldSelector::parse(text).error().message(); };
  EXPECT_EQ(error("a"), "invalid selector: 'a'; can't understand 'a'");
  EXPECT_EQ(error("x=y,a"), "invalid selector: 'x=y,a'; can't understand 'a'");
  EXPECT_EQ(error("a=b=c"), "invalid field selector: unescaped character in value: 61");
  EXPECT_EQ(error("a=\\x"), "invalid field selector: invalid escape sequence: \\x");
}

TEST(FieldSelector, KnowsWhatItPins) {
  FieldSelector selector = FieldSelector::parse("metadata.name=a\\=b,x!=y").value();
  EXPECT_EQ(selector.exact("metadata.name"), "a=b");
  EXPECT_EQ(selector.exact("x"), std::nullopt);
  EXPECT_EQ(FieldSelector::parse(selector.to_string()).value(), selector);
}

}  // namespace
}  // namespace schema
