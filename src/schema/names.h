// The formats of names, labels and the like. Each check returns what is wrong, in upstream's words; nothing when all is
// well. They cost no allocation when all is well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

using Problems = std::vector<std::string>;

constexpr size_t kMaxLabelLength = 63;  // of a DNS label, and of a label's value
constexpr size_t kMaxSubdomainLength = 253;

// Upstream has two wordings of "too long": its declared rules count bytes, the others characters.
enum class LengthUnit : uint8_t { Characters, Bytes };

Problems check_dns1123_label(std::string_view text, LengthUnit unit = LengthUnit::Characters);      // "my-name"
Problems check_dns1123_subdomain(std::string_view text, LengthUnit unit = LengthUnit::Characters);  // "example.com"
Problems check_dns1035_label(std::string_view text, LengthUnit unit = LengthUnit::Characters);  // starts with a letter
Problems check_wildcard_dns1123_subdomain(std::string_view text);                               // "*.example.com"
Problems check_qualified_name(std::string_view text);  // keys of labels and annotations: "example.com/MyName"
Problems check_label_value(std::string_view text);
Problems check_path_segment(std::string_view text);  // neither . nor .. and no / or % in it
// What may stand before a generated suffix: no '/' or '%'.
Problems check_path_segment_prefix(std::string_view text);
Problems check_port_number(int64_t port);         // 1 to 65535
Problems check_port_name(std::string_view text);  // IANA service name, 15 characters
Problems check_in_range(int64_t value, int64_t least, int64_t most);
Problems check_ip(std::string_view text);
Problems check_cidr(std::string_view text);
Problems check_percent(std::string_view text);               // "50%"
Problems check_env_var_name(std::string_view text);          // letters, digits, _ - . and not a digit first
Problems check_relaxed_env_var_name(std::string_view text);  // printable ASCII but =
Problems check_config_key(std::string_view text);            // of a ConfigMap or Secret
Problems check_c_identifier(std::string_view text);          // "my_name"
Problems check_http_header_name(std::string_view text);

// The bare question, for code that words its own complaint.
bool is_dns1123_label(std::string_view text);
bool is_dns1123_subdomain(std::string_view text);
bool is_dns1035_label(std::string_view text);
bool is_qualified_name(std::string_view text);
bool is_label_value(std::string_view text);

// Upstream's sentence about a regular expression: "must be x (e.g. 'a',  or 'b', regex used for validation is 'r')".
std::string regex_problem(std::string_view message, std::string_view expression,
                          std::initializer_list<std::string_view> examples);

}  // namespace schema
