// The published description of the API: /openapi/v2, /openapi/v3 and what is below it. Documents are made from the tables when
// they are asked for and not kept (a megabyte each); only their digests are, from the first time somebody asks. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/openapi/schemas.h"

namespace apiserver::openapi {

// What there is below /openapi/v3/: "api/v1", "apis/apps", "apis/apps/v1", "version", ... in order.
const std::vector<std::string>& document_names();

// The text of one; nothing when there is none of that name.
std::optional<std::string> make_v3(std::string_view name);
std::string make_v2();
// The list of all with their digests, as /openapi/v3 has it.
std::string make_index();

// SHA-512 in capital hexadecimal digits, of the JSON text. "" when there is no such document.
const std::string& digest_of(std::string_view name);
// Of all of them together.
const std::string& all_digest();

}  // namespace apiserver::openapi
