#include "controller/common/kinds.h"

#include <algorithm>
#include <set>

#include "api/apiregistration_k8s_io_v1.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/status.h"
#include "client/target.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/resource.h"

namespace controller {
namespace {

using base::Result;

io::Task<Result<client::Reply>> send(client::Client client, client::Call call) {
  CO_TRY(client::Reply reply, co_await client.transport().call(std::move(call)));
  if (reply.status < 200 || reply.status > 299) co_return base::fail(client::error_of(reply));
  co_return reply;
}

// Whether the error speaks of an object of that name, not of a place that nobody serves.
bool is_about(const base::Error& error, std::string_view name) {
  const auto* status = schema::carried_status(error);
  return status != nullptr && status->details && status->details->name == name;
}

}  // namespace

std::string ResourceKind::target(std::string_view namespace_, std::string_view name) const {
  return client::target_of(group, version, plural, namespaced ? namespace_ : "", name);
}

std::vector<ResourceKind> built_in_kinds() {
  std::set<std::string> seen;
  std::vector<ResourceKind> kinds;
  auto add = [&](const schema::Resource& resource) {
    if (!resource.has_verb("list") || !resource.has_verb("watch") || !resource.has_verb("delete")) return;
    ResourceKind kind{std::string(resource.group), std::string(resource.version), std::string(resource.plural),
                      std::string(resource.kind), resource.namespaced};
    if (seen.insert(kind.group_resource()).second) kinds.push_back(std::move(kind));
  };
  for (bool preferred : {true, false}) {
    for (const schema::Resource& resource : schema::resources()) {
      for (const schema::GroupVersion& version : schema::group_versions()) {
        if (version.group == resource.group && version.version == resource.version && version.preferred == preferred)
          add(resource);
      }
    }
  }
  return kinds;
}

std::vector<ResourceKind> kinds_of(const api::apiextensions_k8s_io_v1::CustomResourceDefinition& definition) {
  bool established = false;
  for (const auto& condition : definition.status.conditions)
    established |= condition.type == "Established" && condition.status == "True";
  if (!established) return {};
  for (const auto& version : definition.spec.versions) {
    if (!version.served) continue;
    return {{definition.spec.group, version.name, definition.status.accepted_names.plural,
             definition.status.accepted_names.kind, definition.spec.scope == "Namespaced"}};
  }
  return {};
}

io::Task<Result<ExtensionKinds>> extension_kinds(client::Client client) {
  using api::apiregistration_k8s_io_v1::APIService;
  ExtensionKinds found;
  auto services = co_await client.list<APIService>("");
  if (!services) {
    if (services.error().code() == base::Code::NotFound) co_return found;
    co_return base::fail(services.error());
  }
  for (const auto& service : services->items) {
    if (!service.spec.service) continue;
    const auto& group = service.spec.group;
    std::string version = base::cat({group, "/", service.spec.version});
    auto reply = co_await send(client, {.method = "GET",
                                        .target = base::cat({"/apis/", version}),
                                        .content_type = "",
                                        .body = {},
                                        .accept = std::string(client::kJson)});
    auto list = reply ? schema::from_json<api::meta_v1::APIResourceList>(reply->body.view())
                      : base::Result<api::meta_v1::APIResourceList>(base::fail(reply.error()));
    if (!list) {
      found.failures.emplace_back(version, "stale GroupVersion discovery: " + version);
      continue;
    }
    for (const auto& one : list->resources) {
      auto has = [&](std::string_view verb) { return std::ranges::find(one.verbs, verb) != one.verbs.end(); };
      if (one.name.find('/') != std::string::npos || !has("list") || !has("delete")) continue;
      found.kinds.push_back({group, service.spec.version, one.name, one.kind, one.namespaced, has("watch")});
    }
  }
  co_return found;
}

io::Task<Result<api::meta_v1::ObjectMeta>> get_meta(client::Client client, ResourceKind kind, std::string namespace_,
                                                    std::string name) {
  auto answered =
      co_await send(client, {.method = "GET", .target = kind.target(namespace_, name), .content_type = "", .body = {}});
  if (client::is(answered, base::Code::NotFound) && !is_about(answered.error(), name)) {
    co_return base::fail(base::Code::Unavailable,
                         base::cat({kind.group_resource(), " are not served: ", answered.error().message()}));
  }
  CO_TRY(client::Reply reply, std::move(answered));
  client::Raw raw{.bytes = reply.body};
  if (reply.content_type.starts_with(client::kProtobuf)) {
    CO_TRY(schema::Envelope envelope, schema::open_envelope(reply.body.view()));
    raw.bytes = base::Bytes(std::string(envelope.raw));
  } else {
    raw.form = client::Raw::Form::Json;
  }
  co_return client::decode_meta(raw);
}

io::Task<Result<void>> merge_patch(client::Client client, ResourceKind kind, std::string namespace_, std::string name,
                                   std::string patch) {
  client::Call call{.method = "PATCH",
                    .target = kind.target(namespace_, name),
                    .content_type = "application/merge-patch+json",
                    .body = base::Bytes(std::move(patch))};
  CO_TRY(co_await send(client, std::move(call)));
  co_return {};
}

io::Task<Result<void>> remove(client::Client client, ResourceKind kind, std::string namespace_, std::string name,
                              std::string uid, std::string propagation_policy) {
  std::string body = base::cat({R"({"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":")", uid,
                                R"("},"propagationPolicy":")", propagation_policy, R"("})"});
  client::Call call{.method = "DELETE",
                    .target = kind.target(namespace_, name),
                    .content_type = std::string(client::kJson),
                    .body = base::Bytes(std::move(body))};
  CO_TRY(co_await send(client, std::move(call)));
  co_return {};
}

}  // namespace controller
