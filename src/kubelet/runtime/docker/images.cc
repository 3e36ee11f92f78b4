#include "kubelet/runtime/docker/images.h"

#include "base/strings.h"
#include "kubelet/runtime/docker/answers.h"

namespace kubelet::docker {
namespace {

using schema::Value;

constexpr size_t kReferencesMax = 1000;

// A line of what the Engine tells while it works: its own failure comes that way.
base::Result<void> check_progress(const Value& value) {
  auto error = value.text_at({"error"});
  if (!error.empty()) return base::fail(base::Code::Internal, std::string(error));
  return {};
}

}  // namespace

std::string registry_auth(const cri::AuthConfig& auth) {
  std::string user = auth.username, password = auth.password;
  if (user.empty() && !auth.auth.empty()) {
    if (auto both = base::base64_decode(auth.auth)) {
      auto colon = both->find(':');
      user = both->substr(0, colon);
      if (colon != std::string::npos) password = both->substr(colon + 1);
    }
  }
  auto text = Value::object({{"username", user},
                             {"password", password},
                             {"serveraddress", auth.server_address},
                             {"identitytoken", auth.identity_token},
                             {"registrytoken", auth.registry_token}})
                  .to_json();
  auto out = base::base64url_encode(text);
  while (out.size() % 4 != 0) out += '=';  // the Engine insists
  return out;
}

std::string with_tag(std::string image) {
  auto slash = image.rfind('/');
  auto name = slash == std::string::npos ? std::string_view(image) : std::string_view(image).substr(slash + 1);
  return name.contains(':') || image.contains('@') ? image : image + ":latest";
}

io::Task<base::Result<std::optional<cri::Image>>> ImageStore::status(std::string image) {
  auto found = co_await engine_.get("/images/" + image + "/json");
  if (!found && found.error().code() == base::Code::NotFound) co_return std::optional<cri::Image>();
  if (!found) co_return base::fail(found.error());
  co_return std::optional(to_image(*found));
}

io::Task<base::Result<std::vector<cri::Image>>> ImageStore::list() {
  CO_TRY(auto found, co_await engine_.get("/images/json"));
  std::vector<cri::Image> out;
  if (found.is_array())
    for (const auto& one : found.as_array()) out.push_back(to_image(one));
  co_return out;
}

io::Task<base::Result<std::string>> ImageStore::pull(std::string image, std::optional<cri::AuthConfig> auth) {
  io::Headers headers;
  if (auth) headers.add("x-registry-auth", registry_auth(*auth));
  CO_TRY(co_await engine_.stream("POST", "/images/create?fromImage=" + base::url_encode(with_tag(image)),
                                 std::move(headers), {}, check_progress));
  CO_TRY(auto pulled, co_await status(image));
  if (!pulled)
    co_return base::fail(base::Code::Internal, "the Docker Engine pulled " + image + " and does not have it");
  co_return pulled->id;
}

io::Task<base::Result<void>> ImageStore::load(std::string archive) {
  io::Headers headers;
  headers.add("content-type", "application/x-tar");
  co_return co_await engine_.stream("POST", "/images/load?quiet=1", std::move(headers), base::Bytes(std::move(archive)),
                                    check_progress);
}

io::Task<base::Result<void>> ImageStore::remove(std::string image) {
  // By id all its names go one by one: the Engine refuses an id with several.
  CO_TRY(auto found, co_await status(image));
  if (!found) co_return {};
  bool by_id = image == found->id || found->id.ends_with(image);
  auto names = by_id ? found->repo_tags : std::vector{image};
  if (names.empty()) names.push_back(found->id);
  for (const auto& name : names) {
    auto removed = co_await engine_.remove("/images/" + name);
    if (!removed && removed.error().code() != base::Code::NotFound) co_return base::fail(removed.error());
  }
  co_return {};
}

io::Task<std::string> ImageStore::reference(std::string id) {
  if (auto known = references_.find(id); known != references_.end()) co_return known->second;
  auto image = co_await status(id);
  if (!image || !*image) co_return id;
  if (references_.size() >= kReferencesMax) references_.clear();
  co_return references_[id] = image_reference(**image);
}

}  // namespace kubelet::docker
