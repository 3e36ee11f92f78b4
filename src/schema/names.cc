#include "schema/names.h"

#include "base/ip.h"
#include "base/strings.h"

namespace schema {

namespace {

using base::cat;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_alnum(char c) {
  return is_lower(c) || is_digit(c);
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

template <class Is>
bool all(std::string_view text, Is is) {
  for (char c : text) {
    if (!is(c)) return false;
  }
  return true;
}

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != set.npos;
}

// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool has_label_form(std::string_view text) {
  return !text.empty() && is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
         all(text, [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool has_subdomain_form(std::string_view text) {
  for (size_t dot; (dot = text.find('.')) != text.npos; text.remove_prefix(dot + 1)) {
    if (!has_label_form(text.substr(0, dot))) return false;
  }
  return has_label_form(text);
}

bool has_1035_form(std::string_view text) {
  return has_label_form(text) && is_lower(text[0]);
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool has_name_form(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         all(text, [](char c) { return is_alnum(c) || is_one_of(c, "-_."); });
}

constexpr std::string_view kLabelForm = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kSubdomainForm = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

std::string name_problem(std::string_view part) {
  return regex_problem(cat({part, kNameRule}), "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
                       {"MyName", "my.name", "123-abc"});
}

std::string too_long(size_t most, LengthUnit unit) {
  return cat({"must be no more than ", std::to_string(most), unit == LengthUnit::Bytes ? " bytes" : " characters"});
}

constexpr std::string_view kEmpty = "must be non-empty";

void check_dots(std::string_view text, Problems& problems) {
  if (text == ".") {
    problems.emplace_back("must not be '.'");
  } else if (text == "..") {
    problems.emplace_back("must not be '..'");
  } else if (text.starts_with("..")) {
    problems.emplace_back("must not start with '..'");
  }
}

}  // namespace

std::string regex_problem(std::string_view message, std::string_view expression,
                          std::initializer_list<std::string_view> examples) {
  std::string out(message);
  out += " (";
  bool first = true;
  for (std::string_view example : examples) {
    out += cat({first ? "e.g. '" : " or '", example, "', "});
    first = false;
  }
  return out += cat({"regex used for validation is '", expression, "')"});
}

Problems check_dns1123_label(std::string_view text, LengthUnit unit) {
  Problems problems;
  if (text.size() > kMaxLabelLength) problems.push_back(too_long(kMaxLabelLength, unit));
  if (has_label_form(text)) return problems;
  if (has_subdomain_form(text)) {
    problems.emplace_back("must not contain dots");
    return problems;
  }
  problems.push_back(
      regex_problem("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                    "start and end with an "
                    "alphanumeric character",
                    kLabelForm, {"my-name", "123-abc"}));
  return problems;
}

Problems check_dns1123_subdomain(std::string_view text, LengthUnit unit) {
  Problems problems;
  if (text.size() > kMaxSubdomainLength) problems.push_back(too_long(kMaxSubdomainLength, unit));
  if (!has_subdomain_form(text)) {
    problems.push_back(
        regex_problem("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                      "and must start and "
                      "end with an alphanumeric character",
                      kSubdomainForm, {"example.com"}));
  }
  return problems;
}

Problems check_dns1035_label(std::string_view text, LengthUnit unit) {
  Problems problems;
  if (text.size() > kMaxLabelLength) problems.push_back(too_long(kMaxLabelLength, unit));
  if (!has_1035_form(text)) {
    problems.push_back(
        regex_problem("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                      "alphabetic character, and "
                      "end with an alphanumeric character",
                      "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return problems;
}

Problems check_wildcard_dns1123_subdomain(std::string_view text) {
  Problems problems;
  if (text.size() > kMaxSubdomainLength) problems.push_back(too_long(kMaxSubdomainLength, LengthUnit::Characters));
  if (!text.starts_with("*.") || !has_subdomain_form(text.substr(2))) {
    problems.push_back(
        regex_problem("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
                      "must consist of lower case "
                      "alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                      cat({"\\*\\.", kSubdomainForm}), {"*.example.com"}));
  }
  return problems;
}

Problems check_qualified_name(std::string_view text) {
  Problems problems;
  std::string_view name = text;
  if (size_t slash = text.find('/'); slash != text.npos) {
    std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != name.npos) {
      problems.push_back(cat({name_problem("a valid label key "),
                              " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"}));
      return problems;
    }
    if (prefix.empty()) {
      problems.push_back(cat({"prefix part ", kEmpty}));
    } else {
      for (const std::string& problem : check_dns1123_subdomain(prefix, LengthUnit::Bytes)) {
        problems.push_back(cat({"prefix part ", problem}));
      }
    }
  }
  if (name.empty()) {
    problems.push_back(cat({"name part ", kEmpty}));
  } else if (name.size() > kMaxLabelLength) {
    problems.push_back(cat({"name part ", too_long(kMaxLabelLength, LengthUnit::Bytes)}));
  }
  if (!has_name_form(name)) problems.push_back(name_problem("name part "));
  return problems;
}

Problems check_label_value(std::string_view text) {
  Problems problems;
  if (text.size() > kMaxLabelLength) problems.push_back(too_long(kMaxLabelLength, LengthUnit::Bytes));
  if (!text.empty() && !has_name_form(text)) {
    problems.push_back(
        regex_problem("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                      "and must start and end "
                      "with an alphanumeric character",
                      "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  }
  return problems;
}

Problems check_path_segment(std::string_view text) {
  if (text == "." || text == "..") return {cat({"may not be '", text, "'"})};
  return check_path_segment_prefix(text);
}

Problems check_path_segment_prefix(std::string_view text) {
  Problems problems;
  if (text.find('/') != text.npos) problems.emplace_back("may not contain '/'");
  if (text.find('%') != text.npos) problems.emplace_back("may not contain '%'");
  return problems;
}

Problems check_in_range(int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return {};
  return {cat({"must be between ", std::to_string(least), " and ", std::to_string(most), ", inclusive"})};
}

Problems check_port_number(int64_t port) {
  return check_in_range(port, 1, 65535);
}

Problems check_port_name(std::string_view text) {
  constexpr size_t kMaxLength = 15;
  Problems problems;
  if (text.size() > kMaxLength) problems.push_back(too_long(kMaxLength, LengthUnit::Characters));
  if (text.empty() || !all(text, [](char c) { return is_lower_alnum(c) || c == '-'; })) {
    problems.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (all(text, [](char c) { return !is_lower(c); })) problems.emplace_back("must contain at least one letter (a-z)");
  if (text.find("--") != text.npos) problems.emplace_back("must not contain consecutive hyphens");
  if (text.starts_with('-') || text.ends_with('-')) problems.emplace_back("must not begin or end with a hyphen");
  return problems;
}

Problems check_ip(std::string_view text) {
  if (base::IpAddress::parse(text)) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Problems check_cidr(std::string_view text) {
  if (base::IpNetwork::parse(text)) return {};
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

Problems check_percent(std::string_view text) {
  if (text.size() > 1 && text.ends_with('%') && all(text.substr(0, text.size() - 1), is_digit)) return {};
  return {regex_problem("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%",
                        {"1%", "93%"})};
}

Problems check_env_var_name(std::string_view text) {
  Problems problems;
  if (text.empty() || is_digit(text[0]) || !all(text, [](char c) { return is_alnum(c) || is_one_of(c, "-._"); })) {
    problems.push_back(
        regex_problem("a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or "
                      "'.', and must not "
                      "start with a digit",
                      "[-._a-zA-Z][-._a-zA-Z0-9]*", {"my.env-name", "MY_ENV.NAME", "MyEnvName1"}));
  }
  check_dots(text, problems);
  return problems;
}

Problems check_relaxed_env_var_name(std::string_view text) {
  Problems problems;
  if (text.empty()) problems.push_back(cat({"environment variable name ", kEmpty}));
  if (!all(text, [](char c) { return c >= ' ' && c <= '~' && c != '='; })) {
    problems.emplace_back(
        "a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return problems;
}

Problems check_config_key(std::string_view text) {
  Problems problems;
  if (text.size() > kMaxSubdomainLength) problems.push_back(too_long(kMaxSubdomainLength, LengthUnit::Characters));
  if (text.empty() || !all(text, [](char c) { return is_alnum(c) || is_one_of(c, "-._"); })) {
    problems.push_back(regex_problem("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                     "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  check_dots(text, problems);
  return problems;
}

Problems check_c_identifier(std::string_view text) {
  if (!text.empty() && !is_digit(text[0]) && all(text, [](char c) { return is_alnum(c) || c == '_'; })) return {};
  return {
      regex_problem("a valid C identifier must start with alphabetic character or '_', followed by a string of "
                    "alphanumeric characters or '_'",
                    "[A-Za-z_][A-Za-z0-9_]*", {"my_name", "MY_NAME", "MyName"})};
}

Problems check_http_header_name(std::string_view text) {
  if (!text.empty() && all(text, [](char c) { return is_alnum(c) || c == '-'; })) return {};
  return {regex_problem("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+",
                        {"X-Header-Name"})};
}

bool is_dns1123_label(std::string_view text) {
  return text.size() <= kMaxLabelLength && has_label_form(text);
}
bool is_dns1123_subdomain(std::string_view text) {
  return text.size() <= kMaxSubdomainLength && has_subdomain_form(text);
}
bool is_dns1035_label(std::string_view text) {
  return text.size() <= kMaxLabelLength && has_1035_form(text);
}
bool is_qualified_name(std::string_view text) {
  return check_qualified_name(text).empty();
}
bool is_label_value(std::string_view text) {
  return text.size() <= kMaxLabelLength && (text.empty() || has_name_form(text));
}

}  // namespace schema
