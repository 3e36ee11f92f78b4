// Errors of what is behind us, in upstream's words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace apiserver {

base::Error service_unavailable(std::string message);  // 503
// What a kubelet's refusal to show a log becomes: its text, with its status.
base::Error kubelet_refusal(int status, std::string text, std::string_view resource, std::string_view name);

}  // namespace apiserver
