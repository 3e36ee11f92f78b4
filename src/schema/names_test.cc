#include "schema/names.h"

#include <gtest/gtest.h>

#include "schema/field_error.h"
#include "schema/value.h"

namespace schema {
namespace {

TEST(FieldError, IsWordedAsUpstream) {
  FieldPath spec("spec");
  EXPECT_EQ(FieldError::required(spec.child("containers").index(0).child("image")).to_string(),
            "spec.containers[0].image: Required value");
  EXPECT_EQ(FieldError::invalid(spec.child("replicas"), -1, "must be greater than or equal to 0").to_string(),
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
  EXPECT_EQ(FieldError::not_supported(spec.child("e"), "c", {"a", "b"}).to_string(),
            "spec.e: Unsupported value: \"c\": supported values: \"a\", \"b\"");
  EXPECT_EQ(FieldError::duplicate(spec.child("u").index(1), "x").body(), "Duplicate value: \"x\"");
  EXPECT_EQ(FieldError::not_found(spec, "nope").body(), "Not found: \"nope\"");
  EXPECT_EQ(FieldError::too_long(FieldPath(), 1048576).to_string(),
            "<nil>: Too long: may not be more than 1048576 bytes");
  EXPECT_EQ(FieldError::too_many(spec, 3, 2).body(), "Too many: 3: must have at most 2 items");
  EXPECT_EQ(FieldError::forbidden(FieldPath("metadata").child("labels").key("a/b"), "no").to_string(),
            "metadata.labels[a/b]: Forbidden: no");
  EXPECT_EQ(FieldError::invalid(spec, Value::object({{"app", "x"}}), "d").body(), "Invalid value: {\"app\":\"x\"}: d");
  EXPECT_EQ(FieldError::invalid(spec, nullptr, "d").body(), "Invalid value: null: d");
  EXPECT_EQ(FieldError::invalid(spec, "", "d").reason(), "FieldValueInvalid");
}

TEST(FieldError, SeveralAreBracketedAndSaidOnce) {
  FieldErrors errors = {FieldError::required(FieldPath("a"))};
  EXPECT_EQ(to_string(errors), "a: Required value");
  append(errors, {FieldError::required(FieldPath("b")), FieldError::required(FieldPath("a"))});
  EXPECT_EQ(to_string(errors), "[a: Required value, b: Required value]");
}

using Check = Problems (*)(std::string_view);

Problems label(std::string_view text) {
  return check_dns1123_label(text);
}
Problems subdomain(std::string_view text) {
  return check_dns1123_subdomain(text);
}
Problems label_1035(std::string_view text) {
  return check_dns1035_label(text);
}

TEST(Names, AcceptsAndRefuses) {
  struct Case {
    Check check;
    std::vector<std::string> good, bad;
  } cases[] = {
      {label, {"a", "a-b", "0", std::string(63, 'a')}, {"", "A", "-a", "a-", "a_b", "a.b", std::string(64, 'a')}},
      {subdomain, {"a.b", "a", std::string(253, 'a')}, {"", "a..b", ".a", "a.", "a_b", std::string(254, 'a')}},
      {label_1035, {"a", "a-0"}, {"0a", "", "a-"}},
      {check_wildcard_dns1123_subdomain, {"*.a.b"}, {"*", "*.", "a.b", "*a.b"}},
      {check_qualified_name, {"A", "a.b/C_d-e"}, {"", "/a", "a/", "a/b/c", "A.B/c", "a b"}},
      {check_label_value, {"", "A-b_c.d", "1"}, {"-", "a ", std::string(64, 'a')}},
      {check_path_segment, {"a:b", "A b"}, {".", "..", "a/b", "a%b"}},
      {check_port_name, {"http", "a-1"}, {"", "1", "a--b", "-a", "a-", "A", "abcdefghijklmnop"}},
      {check_ip, {"1.2.3.4", "::1"}, {"", "x"}},
      {check_cidr, {"1.2.3.4/8", "::/0"}, {"1.2.3.4", ""}},
      {check_percent, {"5%", "100%"}, {"%", "5", "-5%", "a%"}},
      {check_env_var_name, {"A", "_a.b-c"}, {"", "1a", "a=b", "..", "."}},
      {check_relaxed_env_var_name, {"1a", "a b"}, {"", "a=b", "ü"}},
      {check_config_key, {"a.b", "A_b", ".x"}, {"", "a/b", ".", "..", "..a"}},
      {check_http_header_name, {"X-A"}, {"", "a b"}},
  };
  for (size_t i = 0; i < std::size(cases); ++i) {
    for (auto& text : cases[i].good) EXPECT_TRUE(cases[i].check(text).empty()) << i << " " << text;
    for (auto& text : cases[i].bad) EXPECT_FALSE(cases[i].check(text).empty()) << i << " " << text;
  }
}

TEST(Names, SaysWhatIsWrongAsUpstream) {
  EXPECT_EQ(check_dns1123_label("bad.sub"), Problems{"must not contain dots"});
  EXPECT_EQ(check_dns1123_label("Bad_Name"),
            Problems{"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                     "start and end "
                     "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"});
  EXPECT_EQ(check_dns1123_subdomain(std::string(254, 'a')), Problems{"must be no more than 253 characters"});
  EXPECT_EQ(check_dns1123_subdomain(std::string(254, 'a'), LengthUnit::Bytes),
            Problems{"must be no more than 253 bytes"});
  EXPECT_EQ(check_qualified_name("/x")[0], "prefix part must be non-empty");
  EXPECT_EQ(check_qualified_name("")[0], "name part must be non-empty");
  EXPECT_EQ(
      check_qualified_name("a/b/c"),
      Problems{
          "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
          "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
          "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
          "'example.com/MyName')"});
  EXPECT_EQ(check_config_key(".."), Problems{"must not be '..'"});
  EXPECT_EQ(check_port_number(65536), Problems{"must be between 1 and 65535, inclusive"});
}

}  // namespace
}  // namespace schema
