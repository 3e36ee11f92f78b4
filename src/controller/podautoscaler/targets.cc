#include "controller/podautoscaler/targets.h"

#include "base/strings.h"
#include "client/codec.h"
#include "client/status.h"
#include "client/target.h"
#include "schema/json.h"
#include "schema/status.h"
#include "schema/value.h"

namespace controller::autoscaling {
namespace {

using api::autoscaling_v1::Scale;
using base::Result;
using schema::Value;

constexpr int64_t kKnownNs = 600'000'000'000;
constexpr int64_t kForEver = INT64_MAX;

io::Task<Result<Value>> get_json(client::Client client, std::string target) {
  client::Call call{.method = "GET", .target = std::move(target), .accept = std::string(client::kJson)};
  CO_TRY(client::Reply reply, co_await client.transport().call(std::move(call)));
  if (reply.status != 200) co_return base::fail(client::error_of(reply));
  co_return Value::parse(reply.body.view());
}

}  // namespace

Targets::Targets(client::Client client, base::Clock& clock) : client_(std::move(client)), clock_(clock) {
  for (ResourceKind& kind : built_in_kinds()) {
    std::pair key(kind.group, kind.kind);
    known_.emplace(std::move(key), Known{.kind = std::move(kind), .until_ns = kForEver});
  }
}

io::Task<Result<ResourceKind>> Targets::find(std::string group, std::string kind) {
  auto known = known_.find({group, kind});
  if (known != known_.end() && known->second.until_ns > clock_.monotonic_ns()) co_return known->second.kind;
  base::Error none(base::Code::NotFound,
                   base::cat({"no matches for kind ", base::quote(kind), " in group ", base::quote(group)}));
  if (group.empty()) co_return base::fail(std::move(none));
  auto versions = co_await get_json(client_, "/apis/" + group);
  if (!versions && versions.error().code() == base::Code::NotFound) co_return base::fail(std::move(none));
  if (!versions) co_return base::fail(versions.error());
  std::string version(versions->text_at({"preferredVersion", "version"}));
  CO_TRY(Value resources, co_await get_json(client_, base::cat({"/apis/", group, "/", version})));
  const Value* list = resources.find("resources");
  if (list != nullptr && list->is_array()) {
    for (const Value& one : list->as_array()) {
      std::string name(one.text_at({"name"}));
      if (one.text_at({"kind"}) != kind || name.find('/') != std::string::npos) continue;
      const Value* namespaced = one.find("namespaced");
      ResourceKind found{group, version, name, kind,
                         namespaced != nullptr && namespaced->is_bool() && namespaced->as_bool()};
      known_[{group, kind}] = Known{.kind = found, .until_ns = clock_.monotonic_ns() + kKnownNs};
      co_return found;
    }
  }
  co_return base::fail(std::move(none));
}

io::Task<Result<Scale>> Targets::scale(ResourceKind kind, std::string namespace_, std::string name) {
  client::Call call{.method = "GET",
                    .target = client::target_of(kind.group, kind.version, kind.plural, namespace_, name, "scale"),
                    .accept = std::string(client::kJson)};
  CO_TRY(client::Reply reply, co_await client_.transport().call(std::move(call)));
  if (reply.status != 200) {
    base::Error error = client::error_of(reply);
    if (schema::carried_status(error) == nullptr && reply.status == 404)
      error = base::Error(base::Code::NotFound, "the server could not find the requested resource");
    co_return base::fail(std::move(error));
  }
  CO_TRY(auto object, client::decode_reply(Scale::kType, reply));
  co_return std::move(object).take<Scale>();
}

io::Task<Result<void>> Targets::set_scale(ResourceKind kind, Scale scale) {
  std::string target =
      client::target_of(kind.group, kind.version, kind.plural, scale.metadata.namespace_, scale.metadata.name, "scale");
  client::Call call{.method = "PUT",
                    .target = std::move(target),
                    .content_type = std::string(client::kJson),
                    .body = base::Bytes(schema::to_json(schema::Object(std::move(scale)))),
                    .accept = std::string(client::kJson)};
  CO_TRY(client::Reply reply, co_await client_.transport().call(std::move(call)));
  if (reply.status < 200 || reply.status > 299) co_return base::fail(client::error_of(reply));
  co_return {};
}

}  // namespace controller::autoscaling
