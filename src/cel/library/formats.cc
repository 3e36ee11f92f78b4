// format.dns1123Label() and other named formats that texts can be held against.

#include <algorithm>
#include <array>
#include <cctype>

#include "base/strings.h"
#include "cel/library/libraries.h"
#include "cel/library/opaque.h"
#include "cel/library/url_text.h"
#include "cel/scalar.h"
#include "schema/names.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;
using schema::Problems;

// A prefix of a generated name may end in a dash.
std::string masked_dash(std::string_view prefix) {
  std::string text(prefix);
  if (text.size() > 1 && text.back() == '-') text.back() = 'a';
  return text;
}
Problems dns1123_label(std::string_view text) {
  return schema::check_dns1123_label(text);
}
Problems dns1123_subdomain(std::string_view text) {
  return schema::check_dns1123_subdomain(text);
}
Problems dns1035_label(std::string_view text) {
  return schema::check_dns1035_label(text);
}
Problems dns1123_label_prefix(std::string_view text) {
  return schema::check_dns1123_label(masked_dash(text));
}
Problems dns1123_subdomain_prefix(std::string_view text) {
  return schema::check_dns1123_subdomain(masked_dash(text));
}
Problems dns1035_label_prefix(std::string_view text) {
  return schema::check_dns1035_label(masked_dash(text));
}
Problems uri(std::string_view text) {
  auto url = parse_url(text);
  return url ? Problems{} : Problems{url.error().message()};
}
Problems uuid(std::string_view text) {
  std::string digits;
  size_t dashes = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '-' && digits.size() == std::array<size_t, 4>{8, 12, 16, 20}[std::min<size_t>(dashes, 3)] &&
        dashes < 4) {
      ++dashes;
    } else {
      digits += text[i];
    }
  }
  bool hex = std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isxdigit(c); });
  return digits.size() == 32 && hex ? Problems{} : Problems{"does not match the UUID format"};
}
Problems byte(std::string_view text) {
  return base::base64_decode(text) ? Problems{} : Problems{"invalid base64"};
}
Problems date(std::string_view text) {
  return read_timestamp(base::cat({text, "T00:00:00Z"})) ? Problems{} : Problems{"invalid date"};
}
Problems datetime(std::string_view text) {
  return read_timestamp(text) ? Problems{} : Problems{"invalid datetime"};
}

struct Format {
  std::string_view name;
  Problems (*check)(std::string_view text);
};
constexpr Format kFormats[] = {
    {"dns1123Label", dns1123_label},
    {"dns1123Subdomain", dns1123_subdomain},
    {"dns1035Label", dns1035_label},
    {"qualifiedName", schema::check_qualified_name},
    {"dns1123LabelPrefix", dns1123_label_prefix},
    {"dns1123SubdomainPrefix", dns1123_subdomain_prefix},
    {"dns1035LabelPrefix", dns1035_label_prefix},
    {"labelValue", schema::check_label_value},
    {"uri", uri},
    {"uuid", uuid},
    {"byte", byte},
    {"date", date},
    {"datetime", datetime},
};
constexpr size_t kFormatCount = std::size(kFormats);

using FormatHolder = Holder<const Format*, format_type>;

template <size_t kAt>
Value constant(Arguments) {
  return FormatHolder::wrap(&kFormats[kAt]);
}
template <size_t... kAt>
void add_constants(Functions& f, std::index_sequence<kAt...>) {
  (f.global(base::cat({"format.", kFormats[kAt].name}), base::cat({"format-", kFormats[kAt].name}), {}, format_type(),
            constant<kAt>),
   ...);
}

Value named(Arguments a) {
  for (const Format& format : kFormats) {
    if (format.name == a[0].as_string()) return Value::of_optional(FormatHolder::wrap(&format));
  }
  return Value::of_optional(std::nullopt);
}

Value validate(Arguments a) {
  Problems problems = FormatHolder::in(a[0])->check(a[1].as_string());
  if (problems.empty()) return Value::of_optional(std::nullopt);
  std::vector<Value> list;
  for (std::string& problem : problems) list.push_back(Value::of_string(std::move(problem)));
  return Value::of_optional(Value::of_list(std::move(list)));
}

}  // namespace

const TypeRef& format_type() {
  static const TypeRef type = opaque_type("kubernetes.NamedFormat");
  return type;
}

void add_formats(Functions& f) {
  add_constants(f, std::make_index_sequence<kFormatCount>());
  f.global("format.named", "format-named", {string_type()}, optional_type(format_type()), named);
  f.member("validate", "format-validate", {format_type(), string_type()}, optional_type(list_type(string_type())),
           validate, CallCost::Validate);
}

}  // namespace cel::library
