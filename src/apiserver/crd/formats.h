// The formats of strings that schemas can ask for. Those we do not know are let pass, as the API has it.
#pragma once

#include <string_view>

namespace apiserver::crd {

// "date-time", "ipv4", "uuid", ...
bool is_known_format(std::string_view format);
// Of a known format.
bool matches_format(std::string_view format, std::string_view text);

}  // namespace apiserver::crd
