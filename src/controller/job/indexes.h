// Completion indexes as text, as status and policies have them: "0-2,5,7,8" for 0, 1, 2, 5, 7 and 8.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace controller::job {

// What is no number is left out.
std::set<int32_t> parse_indexes(std::string_view text);
std::string format_indexes(const std::set<int32_t>& indexes);

}  // namespace controller::job
