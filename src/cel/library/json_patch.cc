// What expressions need that write JSON patches.

#include "cel/library/libraries.h"

namespace cel::library {
namespace {

// A key as it stands in a JSON pointer: RFC 6901, section 3.
Value escape_key(std::span<const Value> a) {
  std::string out;
  for (char c : a[0].as_string()) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return Value::of_string(std::move(out));
}

}  // namespace

void add_json_patch(Functions& f) {
  f.global("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", {string_type()}, string_type(), escape_key);
}

std::vector<TypeRef> opaque_types() {
  return {url_type(), ip_type(), cidr_type(), quantity_type(), format_type(), semver_type()};
}

}  // namespace cel::library
