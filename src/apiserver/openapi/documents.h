// The published description of the API: /openapi/v2, /openapi/v3 and what is below it. Documents are made from the
// tables when they are asked for and not kept (a megabyte each); only their digests are, from the first time somebody
// asks. Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/openapi/schemas.h"
#include "apiserver/registry/served.h"

namespace apiserver::openapi {

// Documents of other servers, by name, and where they are found: "apis/x.io/v1" at "/openapi/v3/apis/x.io/v1?hash=1".
using RemoteUrls = std::map<std::string, std::string, std::less<>>;

// What there is below /openapi/v3/: "api/v1", "apis/apps", "apis/apps/v1", "version", ... in order.
std::vector<std::string> document_names(const CustomKinds& custom);

// The text of one; nothing when there is none of that name.
std::optional<std::string> make_v3(std::string_view name, const CustomKinds& custom);
std::string make_v2(const CustomKinds& custom);
// The list of all with their digests, as /openapi/v3 has it.
std::string make_index(const CustomKindsRef& custom, const RemoteUrls& remote = {});

// SHA-512 in capital hexadecimal digits, of the JSON text. "" when there is no such document.
std::string digest_of(std::string_view name, const CustomKindsRef& custom);
// Of all of them together.
std::string all_digest(const CustomKindsRef& custom, const RemoteUrls& remote = {});

}  // namespace apiserver::openapi
