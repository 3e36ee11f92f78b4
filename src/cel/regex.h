// Regular expressions, kept compiled.
#pragma once

#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace cel {

// Null when the pattern is none. Valid until the calling thread asks for many others; use it at once.
const re2::RE2* find_regex(std::string_view pattern);
// Why it is none, in Go's words: "error parsing regexp: missing closing ): `(`".
std::string regex_error(std::string_view pattern);

}  // namespace cel
