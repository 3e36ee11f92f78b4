// The pages that say what a component is and how it was started, for people: /statusz and /flagz.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiserver {

// Every flag with its value, in order of the names.
using FlagValues = std::vector<std::pair<std::string, std::string>>;

std::string flagz_page(std::string_view component, const FlagValues& flags);
// Times are of the wall clock. `paths`: what else is served.
std::string statusz_page(std::string_view component, int64_t started_ns, int64_t now_ns,
                         const std::vector<std::string>& paths);

}  // namespace apiserver
