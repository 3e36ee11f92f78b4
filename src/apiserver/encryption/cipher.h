// The ciphers that values are sealed with, in the layouts that upstream keeps. Pure but for the random nonces; safe
// from any thread. Keys and nonces have the lengths named here; a broken text is an Internal error that says no more
// than that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace apiserver::encryption {

inline constexpr size_t kSecretboxKeyBytes = 32;

// AES-CBC with PKCS#7: iv(16) text. Keys of 16, 24 or 32 bytes. Does not authenticate.
std::string cbc_seal(std::string_view key, std::string_view value);
base::Result<std::string> cbc_open(std::string_view key, std::string_view sealed);

// AES-GCM: nonce(12) text tag(16). `context` is authenticated and not kept.
std::string gcm_seal(std::string_view key, std::string_view value, std::string_view context);
base::Result<std::string> gcm_open(std::string_view key, std::string_view sealed, std::string_view context);

// XSalsa20 and Poly1305 (NaCl's secretbox): nonce(24) tag(16) text.
std::string secretbox_seal(std::string_view key, std::string_view value);
base::Result<std::string> secretbox_open(std::string_view key, std::string_view sealed);

// AES-GCM with a key of its own for every value, HKDF-Expand-SHA256(seed, info): info(32) nonce(12) text tag(16).
std::string derived_gcm_seal(std::string_view seed, std::string_view value, std::string_view context);
base::Result<std::string> derived_gcm_open(std::string_view seed, std::string_view sealed, std::string_view context);

// From the kernel's generator.
std::string random_bytes(size_t count);
std::string sha256(std::string_view bytes);

}  // namespace apiserver::encryption
