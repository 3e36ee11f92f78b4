// Short answers of the kubelet's server.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"

namespace kubelet {

void answer(io::ResponseWriter& writer, int status, std::string text,
            std::string_view type = "text/plain; charset=utf-8");
// With the status that fits the error's code, and its words.
void refuse(io::ResponseWriter& writer, const base::Error& error);

}  // namespace kubelet
