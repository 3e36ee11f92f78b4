#include "apiserver/registry/validation/key_pair_warning.h"

#include <vector>

#include "base/strings.h"
#include "pki/certificate.h"
#include "pki/key.h"

namespace apiserver {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

struct Block {
  std::string_view type;
  std::string_view text;  // with both markers
};

// The next block of PEM, which `rest` then begins behind.
bool next_block(std::string_view& rest, Block& block) {
  size_t begin = rest.find(kBegin);
  if (begin == std::string_view::npos) return false;
  std::string_view at = rest.substr(begin);
  size_t type_end = at.find(kDashes, kBegin.size());
  if (type_end == std::string_view::npos) return false;
  block.type = at.substr(kBegin.size(), type_end - kBegin.size());
  std::string end = base::cat({kEnd, block.type, kDashes});
  size_t length = at.find(end);
  if (length == std::string_view::npos) return false;
  block.text = at.substr(0, length + end.size());
  rest = at.substr(length + end.size());
  return true;
}

bool is_key(std::string_view type) {
  return type == "PRIVATE KEY" || type.ends_with(" PRIVATE KEY");
}

std::string skipped_list(const std::vector<std::string>& skipped) {
  return base::cat({"[", base::join(skipped, " "), "]"});
}

}  // namespace

std::string key_pair_problem(std::string_view certificate, std::string_view key) {
  Block block;
  std::vector<std::string> skipped;
  std::string_view leaf;
  for (std::string_view rest = certificate; leaf.empty() && next_block(rest, block);) {
    if (block.type == "CERTIFICATE") {
      leaf = block.text;
    } else {
      skipped.emplace_back(block.type);
    }
  }
  if (leaf.empty()) {
    if (skipped.empty()) return "tls: failed to find any PEM data in certificate input";
    if (skipped.size() == 1 && skipped.front().ends_with("PRIVATE KEY")) {
      return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs "
             "may have been "
             "switched";
    }
    return base::cat(
        {"tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the "
         "following "
         "types: ",
         skipped_list(skipped)});
  }

  skipped.clear();
  std::string_view secret;
  for (std::string_view rest = key; secret.empty() && next_block(rest, block);) {
    if (is_key(block.type)) {
      secret = block.text;
    } else {
      skipped.emplace_back(block.type);
    }
  }
  if (secret.empty()) {
    if (skipped.empty()) return "tls: failed to find any PEM data in key input";
    if (skipped.size() == 1 && skipped.front() == "CERTIFICATE") {
      return "tls: found a certificate rather than a key in the PEM for the private key";
    }
    return base::cat(
        {"tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of "
         "the "
         "following types: ",
         skipped_list(skipped)});
  }

  auto info = pki::read_certificate(leaf);
  if (!info) return "x509: malformed certificate";
  auto own = pki::Key::from_pem(secret);
  if (!own) return "tls: failed to parse private key";
  if (!pki::is_key_of(*own, leaf)) return "tls: private key does not match public key";
  return "";
}

}  // namespace apiserver
