#include "apiserver/aggregation/inquiry.h"

#include <algorithm>

#include "apiserver/outbound/kept_clients.h"
#include "base/strings.h"
#include "io/http_client.h"
#include "io/tls.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;

constexpr auto kTimeout = std::chrono::seconds(6);
constexpr size_t kAttemptsMax = 5;
constexpr size_t kAnswerBytesMax = size_t{4} << 20;

std::string target_of(const RemoteVersion& remote) {
  return base::cat({"/apis/", remote.group, "/", remote.version});
}
std::string url_of(const RemoteVersion& remote, const io::Address& place) {
  return base::cat({"https://", place.text(), target_of(remote)});
}

using Answer = std::unique_ptr<io::ResponseStream>;

io::Task<base::Result<Answer>> fetch(RemoteVersionRef remote, io::Address place, std::string target,
                                     io::Headers identity) {
  CO_TRY(auto client, kept_client(connection_key(place, remote->tls.get()), [&] {
           return base::Result<io::HttpClient::Options>(
               {.url = base::cat({"https://", place.text()}), .tls = remote->tls});
         }));
  identity.add("accept", "application/json");
  identity.add("user-agent", "kube-apiserver");
  co_return co_await client->request("GET", target, std::move(identity));
}

// What its index of descriptions says of the version; "" when it has none.
io::Task<std::string> openapi_url(RemoteVersionRef remote, io::Address place) {
  io::Headers identity;
  identity.add("x-remote-user", "system:aggregator");
  auto answer = co_await fetch(remote, place, "/openapi/v3", std::move(identity));
  if (!answer || (*answer)->head().status != 200) co_return "";
  auto text = co_await io::read_all(**answer, kAnswerBytesMax);
  auto index = text ? schema::Value::parse(*text) : base::fail(text.error());
  if (!index) co_return "";
  auto name = target_of(*remote).substr(1);
  std::string url(index->text_at({"paths", name, "serverRelativeURL"}));
  co_return url.starts_with(base::cat({"/openapi/v3/", name})) ? url : "";
}

io::Task<base::Result<Told>> ask(RemoteVersionRef remote, io::Address place) {
  auto failing = [&](std::string_view why) {
    return base::fail(base::Code::Unavailable,
                      base::cat({"failing or missing response from ", url_of(*remote, place), ": ", why}));
  };
  std::string getting = base::cat({"Get ", base::quote(url_of(*remote, place)), ": "});
  io::Headers identity;
  identity.add("x-remote-user", "system:kube-aggregator");
  identity.add("x-remote-group", "system:masters");
  auto answer = co_await fetch(remote, place, target_of(*remote), std::move(identity));
  if (!answer) co_return failing(getting + answer.error().message());
  int status = (*answer)->head().status;
  if (status < 200 || status >= 300) {
    co_return failing(base::cat({"bad status from ", url_of(*remote, place), ": ", std::to_string(status)}));
  }
  auto text = co_await io::read_all(**answer, kAnswerBytesMax);
  if (!text) co_return failing(getting + text.error().message());
  auto list = schema::from_json<meta::APIResourceList>(*text);
  // A server that answers works, even if what it says of itself cannot be read.
  Told told;
  if (list) told.resources = described(*list);
  told.openapi_url = co_await openapi_url(remote, place);
  co_return told;
}

io::Task<base::Result<Told>> ask_several(RemoteVersionRef remote, size_t first) {
  base::Result<Told> told = base::fail(base::Code::Unavailable, "");
  size_t attempts = std::min(kAttemptsMax, remote->places.size());
  for (size_t i = 0; i < attempts; ++i) {
    told = co_await ask(remote, remote->places[(first + i) % remote->places.size()]);
    if (told) break;
  }
  co_return told;
}

}  // namespace

ResourceDescriptions described(const meta::APIResourceList& list) {
  ResourceDescriptions made;
  auto of = [&](std::string_view name) -> auto& {
    for (auto& one : made) {
      if (one.resource == name) return one;
    }
    auto& added = made.emplace_back();
    added.resource = name;
    return added;
  };
  for (const auto& one : list.resources) {
    auto slash = one.name.find('/');
    auto& resource = of(one.name.substr(0, slash));
    if (resource.scope.empty()) resource.scope = one.namespaced ? "Namespaced" : "Cluster";
    auto set_kind = [&](auto& kind) { kind.group = one.group, kind.version = one.version, kind.kind = one.kind; };
    if (slash != std::string::npos) {
      auto& subresource = resource.subresources.emplace_back();
      subresource.subresource = one.name.substr(slash + 1);
      set_kind(subresource.response_kind.emplace());
      subresource.verbs = one.verbs;
      continue;
    }
    set_kind(resource.response_kind.emplace());
    resource.singular_resource = one.singular_name;
    resource.verbs = one.verbs;
    resource.short_names = one.short_names;
    resource.categories = one.categories;
  }
  return made;
}

io::Task<base::Result<Told>> inquire(RemoteVersionRef remote, base::Random& random) {
  if (remote->tls == nullptr)
    co_return base::fail(base::Code::BadRequest,
                         "unable to load root certificates: unable to parse bytes as PEM block");
  if (remote->places.empty()) co_return base::fail(base::Code::Unavailable, "no place to ask");
  size_t first = random.below(remote->places.size());
  auto told = co_await io::with_timeout(kTimeout, ask_several(remote, first));
  if (told) co_return std::move(*told);
  co_return base::fail(base::Code::Timeout,
                       base::cat({"timed out waiting for ", url_of(*remote, remote->places[first])}));
}

}  // namespace apiserver
