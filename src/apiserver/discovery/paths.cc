#include "apiserver/discovery/paths.h"

#include "api/version.h"
#include "apiserver/aggregation/remote_openapi.h"
#include "apiserver/authn/token_issuer.h"
#include "apiserver/discovery/debug_pages.h"
#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/health.h"
#include "apiserver/discovery/path_index.h"
#include "apiserver/discovery/version.h"
#include "apiserver/flowcontrol/flow_control.h"
#include "apiserver/metrics/server_metrics.h"
#include "apiserver/openapi/serve.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/registry/registry.h"
#include "apiserver/render/render.h"
#include "apiserver/server.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

constexpr std::string_view kComponent = "kube-apiserver";
constexpr std::string_view kFlowControlPages = "/debug/api_priority_and_fairness/";

std::string version_document() {
  std::string json = "{\n";
  auto line = [&](std::string_view name, std::string_view value, bool last = false) {
    json += base::cat({"  \"", name, "\": \"", value, last ? "\"\n" : "\",\n"});
  };
  line("major", kMajor);
  line("minor", kMinor);
  line("emulationMajor", kMajor);
  line("emulationMinor", kMinor);
  line("minCompatibilityMajor", kMajor);
  line("minCompatibilityMinor", "35");
  line("gitVersion", kGitVersion);
  line("gitCommit", "");
  line("gitTreeState", "clean");
  line("buildDate", "1970-01-01T00:00:00Z");
  line("goVersion", "none");
  line("compiler", "clang");
  line("platform", "linux/amd64", true);
  return json + "}";
}

enum class Asked : uint8_t { Legacy, Aggregated, Neither };

// Which form of discovery the Accept header prefers among those we have.
Asked discovery_form(const io::Headers& headers, MediaType& media) {
  media = MediaType::Json;
  auto accept = headers.get("accept");
  if (accept.empty()) return Asked::Legacy;
  for (const auto& clause : parse_accept(accept)) {
    if (clause.type != "*" && clause.type != "application") continue;
    if (clause.subtype == "vnd.kubernetes.protobuf") {
      media = MediaType::Protobuf;
    } else if (clause.subtype == "yaml") {
      media = MediaType::Yaml;
    } else if (clause.subtype == "json" || clause.subtype == "*") {
      media = MediaType::Json;
    } else {
      continue;
    }
    auto as = clause.parameter("as");
    auto group = clause.parameter("g");
    auto version = clause.parameter("v");
    if (as.empty() && group.empty() && version.empty()) return Asked::Legacy;
    if (as == "APIGroupDiscoveryList" && group == "apidiscovery.k8s.io" && version == "v2" &&
        media != MediaType::Yaml) {
      return Asked::Aggregated;
    }
  }
  return Asked::Neither;
}

void send_object(const io::Request& request, const Call& call, Response& response, const schema::Object& object) {
  auto representation = negotiate(request.headers, call.query, false, Views::None);
  if (!representation) {
    response.send_error(representation.error());
    return;
  }
  response.send(200, content_type(representation->media), base::Bytes(render_object(object, *representation)));
}

// /api and /apis.
void send_root(const io::Request& request, const Call& call, Response& response, discovery::Root root,
               const std::string& address, const CustomKinds& custom, const RemoteVersions& remote) {
  MediaType media;
  Asked asked = discovery_form(request.headers, media);
  if (asked != Asked::Aggregated) {
    if (root == discovery::Root::Groups)
      return send_object(request, call, response, discovery::group_list(custom, remote));
    auto representation = negotiate(request.headers, call.query, false, Views::None);
    if (!representation) return response.send_error(representation.error());
    std::string text = render_object(discovery::api_versions(address), *representation);
    // Of all kinds this one alone is written without its version.
    constexpr std::string_view kVersion = "\"apiVersion\":\"v1\",";
    if (auto at = text.find(kVersion); at != std::string::npos) text.erase(at, kVersion.size());
    response.send(200, content_type(representation->media), base::Bytes(std::move(text)));
    return;
  }
  std::string text = render_object(discovery::aggregated(root, custom, remote), {.media = media});
  io::Headers more;
  more.add("vary", "Accept");
  std::string tag = discovery::etag(text);
  more.add("etag", tag);
  if (request.headers.get("if-none-match") == tag) {
    response.send(304, "", {}, std::move(more));
    return;
  }
  response.send_public(200, base::cat({content_type(media), ";", discovery::kAggregatedParameters}),
                       base::Bytes(std::move(text)), std::move(more));
}

}  // namespace

void send_page_not_found(Response& response) {
  response.send_text(404, "404 page not found\n");
}

io::Task<void> serve_path(PathContext context, const io::Request& request, const Call& call, Response& response) {
  std::string_view path = call.info.path;
  auto kinds = context.registry.catalog().custom();
  const CustomKinds& custom = *kinds;
  const auto& more = context.options.health_checks;
  if (auto health =
          answer_health(path, call.query, true, context.metrics.health(), more ? more() : std::vector<HealthCheck>())) {
    response.send_text(health->status, health->text);
    co_return;
  }
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  auto parts = base::split(path.substr(1), '/');
  if (path == "/api") {
    send_root(request, call, response, discovery::Root::Core, context.options.address, custom, *context.remote);
  } else if (path == "/apis") {
    send_root(request, call, response, discovery::Root::Groups, context.options.address, custom, *context.remote);
  } else if (parts[0] == "api" && parts.size() == 2) {
    auto list = discovery::resource_list(custom, "", parts[1]);
    if (list) {
      send_object(request, call, response, *list);
    } else {
      response.send_error(no_such_path());
    }
  } else if (parts[0] == "apis" && parts.size() == 2) {
    auto group = discovery::group(custom, *context.remote, parts[1]);
    if (group) {
      send_object(request, call, response, *group);
    } else {
      send_page_not_found(response);
    }
  } else if (parts[0] == "apis" && parts.size() == 3) {
    auto list = discovery::resource_list(custom, parts[1], parts[2]);
    if (list) {
      send_object(request, call, response, *list);
    } else if (discovery::group(custom, *context.remote, parts[1])) {
      response.send_error(no_such_path());
    } else {
      send_page_not_found(response);
    }
  } else if (parts[0] == "openapi") {
    auto others = std::make_shared<const std::vector<openapi::RemoteDocument>>();
    if (path == "/openapi/v2") others = co_await remote_documents(context.remote, context.options.random);
    if (!openapi::serve(path, request, call.query, response, kinds, *context.remote, *others))
      send_page_not_found(response);
  } else if (path.starts_with("/api/")) {
    response.send_error(no_such_path());
  } else if (path == "/metrics") {
    response.send(200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                  base::Bytes(co_await context.metrics.text()));
  } else if (path == "/metrics/slis") {
    response.send(200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                  base::Bytes(context.metrics.health().text()));
  } else if (path == "/flagz") {
    response.send_text(200, flagz_page(kComponent, context.options.flags));
  } else if (path == "/statusz") {
    response.send_text(200, statusz_page(kComponent, context.metrics.started_ns(), context.options.clock.wall_ns(),
                                         {"/healthz", "/livez", "/metrics", "/readyz", "/version"}));
  } else if (path.starts_with(kFlowControlPages)) {
    auto details = call.query.get("includeRequestDetails");
    auto page = flow_control_dump(path.substr(kFlowControlPages.size()), context.flow.view(),
                                  !details.empty() && details != "0" && details != "false");
    if (page.empty()) {
      send_page_not_found(response);
    } else {
      response.send_text(200, page);
    }
  } else if (path == "/version") {
    response.send(200, "application/json", base::Bytes(version_document()));
  } else if (path == "/.well-known/openid-configuration" && context.options.token_issuer != nullptr) {
    response.send(
        200, "application/json",
        base::Bytes(context.options.token_issuer->discovery_document(
            context.options.token_keys_url.empty() ? base::cat({"https://", context.options.address, "/openid/v1/jwks"})
                                                   : context.options.token_keys_url)));
  } else if (path == "/openid/v1/jwks" && context.options.token_issuer != nullptr) {
    response.send(200, "application/jwk-set+json", base::Bytes(context.options.token_issuer->key_set()));
  } else if (path == "/") {
    response.send(200, "application/json",
                  base::Bytes(path_index({.custom = custom,
                                          .remote = *context.remote,
                                          .health_checks = more ? more() : std::vector<HealthCheck>(),
                                          .issues_tokens = context.options.token_issuer != nullptr})));
  } else {
    send_page_not_found(response);
  }
  co_return;
}

}  // namespace apiserver
