// JSON Web Tokens (RFC 7519), signed with RS256 or ES256. Only the signature is judged here: what the claims mean is
// the caller's business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pki/key.h"

namespace pki {

// "header.claims.signature" over `claims_json`; the header names the algorithm that fits the key, and the key's id.
base::Result<std::string> sign_jwt(std::string_view claims_json, const Key& key);

// The claims (JSON text) of a token that one of `keys` signed. The algorithm is the key's own, never the token's
// choice: "none", HMAC and a key of another kind fail. Unauthorized otherwise. Bound: 64 KiB.
base::Result<std::string> verify_jwt(std::string_view token, const std::vector<Key>& keys);

}  // namespace pki
