// Whether a secret's certificate and key belong together.
#pragma once

#include <string>
#include <string_view>

namespace apiserver {

// What a server would say that is to use them (PEM), in Go's words; "" when it would serve.
std::string key_pair_problem(std::string_view certificate, std::string_view key);

}  // namespace apiserver
