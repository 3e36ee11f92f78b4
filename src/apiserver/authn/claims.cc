#include "apiserver/authn/claims.h"

#include <cmath>
#include <cstdlib>

#include "base/json.h"
#include "base/strings.h"

namespace apiserver {
namespace {

using base::JsonReader;

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out += ',';
  base::append_json_string(out, name);
  out += ':';
  base::append_json_string(out, text);
}

void append_member(std::string& out, std::string_view name, int64_t number) {
  if (out.back() != '{') out += ',';
  base::append_json_string(out, name);
  out += ':' + std::to_string(number);
}

void append_binding(std::string& out, std::string_view name, const TokenBinding& binding) {
  if (binding.name.empty()) return;
  if (out.back() != '{') out += ',';
  base::append_json_string(out, name);
  out += ":{";
  append_member(out, "name", binding.name);
  append_member(out, "uid", binding.uid);
  out += '}';
}

void read_text(JsonReader& reader, std::string& out) {
  std::string_view text;
  if (reader.read_string(text)) out = text;
}

// Seconds; JWT allows a fraction.
void read_seconds(JsonReader& reader, int64_t& out) {
  std::string_view literal;
  if (!reader.read_number(literal)) return;
  double value = strtod(std::string(literal).c_str(), nullptr);
  if (value >= 0 && value < 1e15) {
    out = static_cast<int64_t>(value);
  } else {
    reader.fail_with(base::Error(base::Code::Unauthorized, "a time in the token is out of range"));
  }
}

void read_audiences(JsonReader& reader, std::vector<std::string>& out) {
  if (reader.peek() == base::JsonKind::String) {
    read_text(reader, out.emplace_back());
    return;
  }
  if (!reader.enter_array()) return;
  while (reader.next_element()) read_text(reader, out.emplace_back());
}

void read_binding(JsonReader& reader, TokenBinding& out) {
  std::string_view key;
  if (!reader.enter_object()) return;
  while (reader.next_key(key)) {
    if (key == "name") {
      read_text(reader, out.name);
    } else if (key == "uid") {
      read_text(reader, out.uid);
    } else {
      reader.skip_value();
    }
  }
}

void read_private_claims(JsonReader& reader, TokenClaims& claims) {
  std::string_view key;
  if (!reader.enter_object()) return;
  while (reader.next_key(key)) {
    if (key == "namespace") {
      read_text(reader, claims.namespace_);
    } else if (key == "serviceaccount") {
      read_binding(reader, claims.service_account);
    } else if (key == "pod") {
      read_binding(reader, claims.pod);
    } else if (key == "secret") {
      read_binding(reader, claims.secret);
    } else if (key == "node") {
      read_binding(reader, claims.node);
    } else if (key == "warnafter") {
      read_seconds(reader, claims.warn_after);
    } else {
      reader.skip_value();
    }
  }
}

}  // namespace

std::string encode_claims(const TokenClaims& claims) {
  std::string out = R"({"aud":[)";
  for (size_t i = 0; i < claims.audiences.size(); ++i) {
    if (i) out += ',';
    base::append_json_string(out, claims.audiences[i]);
  }
  out += ']';
  append_member(out, "exp", claims.expires_at);
  append_member(out, "iat", claims.issued_at);
  append_member(out, "iss", claims.issuer);
  append_member(out, "jti", claims.id);
  out += R"(,"kubernetes.io":{)";
  append_member(out, "namespace", claims.namespace_);
  append_binding(out, "node", claims.node);
  append_binding(out, "pod", claims.pod);
  append_binding(out, "secret", claims.secret);
  append_binding(out, "serviceaccount", claims.service_account);
  if (claims.warn_after) append_member(out, "warnafter", claims.warn_after);
  out += '}';
  append_member(out, "nbf", claims.not_before);
  append_member(out, "sub", claims.subject);
  out += '}';
  return out;
}

base::Result<TokenClaims> decode_claims(std::string_view json) {
  TokenClaims claims;
  JsonReader reader(json);
  std::string_view key;
  if (reader.enter_object()) {
    while (reader.next_key(key)) {
      if (key == "iss") {
        read_text(reader, claims.issuer);
      } else if (key == "sub") {
        read_text(reader, claims.subject);
      } else if (key == "jti") {
        read_text(reader, claims.id);
      } else if (key == "aud") {
        read_audiences(reader, claims.audiences);
      } else if (key == "exp") {
        read_seconds(reader, claims.expires_at);
      } else if (key == "iat") {
        read_seconds(reader, claims.issued_at);
      } else if (key == "nbf") {
        read_seconds(reader, claims.not_before);
      } else if (key == "kubernetes.io") {
        read_private_claims(reader, claims);
      } else {
        reader.skip_value();
      }
    }
  }
  if (auto read = reader.finish(); !read) {
    return base::fail(base::Code::Unauthorized, base::cat({"invalid bearer token: ", read.error().message()}));
  }
  return claims;
}

}  // namespace apiserver
