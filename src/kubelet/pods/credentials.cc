#include "kubelet/pods/credentials.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "base/strings.h"

namespace kubelet {
namespace {

void read_entries(base::JsonReader& reader, std::vector<RegistryCredential>& out) {
  if (!reader.enter_object()) return;
  std::string_view key;
  while (reader.next_key(key)) {
    RegistryCredential one;
    one.pattern = key;
    for (std::string_view scheme : {"https://", "http://"})
      if (one.pattern.starts_with(scheme)) one.pattern.erase(0, scheme.size());
    for (std::string_view suffix : {"/v1/", "/v2/", "/v1", "/v2", "/"})
      if (one.pattern.ends_with(suffix)) {
        one.pattern.resize(one.pattern.size() - suffix.size());
        break;
      }
    if (!reader.enter_object()) return;
    std::string auth;
    std::string_view field, value;
    while (reader.next_key(field)) {
      std::string name(field);
      if (reader.peek() != base::JsonKind::String) {
        reader.skip_value();
      } else if (reader.read_string(value)) {
        if (name == "username") one.username = value;
        if (name == "password") one.password = value;
        if (name == "identitytoken") one.identity_token = value;
        if (name == "auth") auth = value;
      }
    }
    if (auto both = base::base64_decode(auth); both && both->contains(':')) {
      size_t colon = both->find(':');
      one.username = both->substr(0, colon);
      one.password = both->substr(colon + 1);
      while (one.password.ends_with('\0')) one.password.pop_back();
    }
    out.push_back(std::move(one));
  }
}

// One part of a host name against one with '*'.
bool glob(std::string_view pattern, std::string_view text) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (text.size() + 1 < pattern.size()) return false;
  return text.starts_with(pattern.substr(0, star)) && text.ends_with(pattern.substr(star + 1));
}

// As URLs: parts of the host one by one, the beginning of the path.
bool fits(std::string_view pattern, std::string_view image) {
  auto host_of = [](std::string_view text) { return text.substr(0, text.find('/')); };
  auto path_of = [](std::string_view text) {
    size_t slash = text.find('/');
    return slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  };
  auto wanted = base::split(host_of(pattern), '.'), given = base::split(host_of(image), '.');
  if (wanted.size() != given.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!glob(wanted[i], given[i])) return false;
  return path_of(image).starts_with(path_of(pattern));
}

bool is_path_part(std::string_view part) {
  if (part.empty()) return false;
  return std::ranges::all_of(part,
                             [](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                                      c == '-';
                             }) &&
         (std::isalnum(static_cast<unsigned char>(part.front())) != 0) &&
         (std::isalnum(static_cast<unsigned char>(part.back())) != 0);
}

struct ImageName {
  std::string registry;
  std::string path;
  std::string suffix;  // ":tag", "@digest", both
};

base::Result<ImageName> parse(std::string_view image) {
  auto bad = [&](std::string_view why) {
    return base::fail(base::Code::BadRequest,
                      "couldn't parse image name " + base::quote(image) + ": " + std::string(why));
  };
  ImageName out;
  std::string_view rest = image;
  if (size_t at = rest.find('@'); at != std::string_view::npos) {
    out.suffix = rest.substr(at);
    if (!rest.substr(at).contains(':')) return bad("invalid reference format");
    rest = rest.substr(0, at);
  }
  size_t slash = rest.rfind('/');
  size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    auto tag = rest.substr(colon + 1);
    if (tag.empty() || tag.size() > 128 || !std::ranges::all_of(tag, [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
        }))
      return bad("invalid reference format");
    out.suffix = std::string(rest.substr(colon)) + out.suffix;
    rest = rest.substr(0, colon);
  }
  auto first = rest.substr(0, rest.find('/'));
  bool has_registry = rest.contains('/') && (first.contains('.') || first.contains(':') || first == "localhost");
  out.registry = has_registry ? std::string(first) : "docker.io";
  out.path = has_registry ? std::string(rest.substr(first.size() + 1)) : std::string(rest);
  if (!has_registry && !out.path.contains('/')) out.path = "library/" + out.path;
  for (auto part : base::split(out.path, '/'))
    if (!is_path_part(part))
      return bad(std::ranges::any_of(part, [](char c) { return c >= 'A' && c <= 'Z'; })
                     ? "invalid reference format: repository name (" + out.path + ") must be lowercase"
                     : std::string("invalid reference format"));
  return out;
}

}  // namespace

api::cri::AuthConfig RegistryCredential::auth() const {
  api::cri::AuthConfig auth;
  auth.username = username;
  auth.password = password;
  auth.identity_token = identity_token;
  return auth;
}

std::string RegistryCredential::hash() const {
  std::string text = "{";
  auto add = [&text](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    if (text.size() > 1) text += ',';
    base::append_json_string(text, name);
    text += ':';
    base::append_json_string(text, value);
  };
  add("username", username);
  add("password", password);
  add("identityToken", identity_token);
  text += '}';
  char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(digest));
  return base::hex_encode({digest, sizeof digest});
}

std::vector<RegistryCredential> read_docker_config(std::string_view json, bool legacy) {
  std::vector<RegistryCredential> out;
  base::JsonReader reader(json);
  if (legacy) {
    read_entries(reader, out);
    return out;
  }
  std::string_view key;
  if (!reader.enter_object()) return out;
  while (reader.next_key(key)) {
    if (key == "auths") {
      read_entries(reader, out);
    } else {
      reader.skip_value();
    }
  }
  return out;
}

std::vector<RegistryCredential> read_pull_secret(const api::core_v1::Secret& secret) {
  std::vector<RegistryCredential> out;
  if (auto config = secret.data.find(".dockerconfigjson"); config != secret.data.end()) {
    out = read_docker_config(config->second, false);
  } else if (auto old = secret.data.find(".dockercfg"); old != secret.data.end()) {
    out = read_docker_config(old->second, true);
  }
  for (auto& one : out)
    one.source = {CredentialSource::Kind::Secret, secret.metadata.uid, secret.metadata.namespace_,
                  secret.metadata.name};
  return out;
}

bool pattern_fits(std::string_view pattern, std::string_view normalized_image) {
  return fits(pattern, normalized_image);
}

std::vector<RegistryCredential> credentials_for(const std::vector<RegistryCredential>& all, std::string_view image) {
  std::vector<RegistryCredential> out;
  auto name = normalized_image(image);
  if (!name) return out;
  std::vector<const RegistryCredential*> fitting;
  for (auto& one : all) {
    bool docker_hub = one.pattern == "index.docker.io" || one.pattern == "docker.io";
    if (fits(one.pattern, *name) || (docker_hub && name->starts_with("docker.io/"))) fitting.push_back(&one);
  }
  std::ranges::sort(fitting, [](auto* a, auto* b) { return a->pattern > b->pattern; });
  for (auto* one : fitting) out.push_back(*one);
  return out;
}

base::Result<std::string> normalized_image(std::string_view image) {
  TRY(auto name, parse(image));
  return name.registry + "/" + name.path + (name.suffix.empty() ? ":latest" : name.suffix);
}

base::Result<std::string> image_repository(std::string_view image) {
  TRY(auto name, parse(image));
  return name.registry + "/" + name.path;
}

base::Result<std::string> with_default_tag(std::string_view image) {
  TRY(auto name, parse(image));
  return std::string(image) + (name.suffix.empty() ? ":latest" : "");
}

}  // namespace kubelet
