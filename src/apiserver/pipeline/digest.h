// "sha256:..." of a text: how metrics tell configurations and issuers apart without naming them.
#pragma once

#include <string>
#include <string_view>

namespace apiserver {

std::string sha256_label(std::string_view text);

}  // namespace apiserver
