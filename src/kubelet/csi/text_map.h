// A flat JSON object of texts: what annotations and records on disk hold. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kubelet {

using TextMap = std::map<std::string, std::string, std::less<>>;

std::string write_text_map(const TextMap& map);
// Members that are no texts are left out; BadRequest if it is no object.
base::Result<TextMap> read_text_map(std::string_view json);

}  // namespace kubelet
