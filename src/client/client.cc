#include "client/client.h"

#include "base/strings.h"
#include "client/codec.h"
#include "client/status.h"
#include "client/target.h"

namespace client {
namespace {

using base::Result;
using schema::Object;

std::string_view media_type(PatchType type) {
  switch (type) {
    case PatchType::Json:
      return "application/json-patch+json";
    case PatchType::Merge:
      return "application/merge-patch+json";
    case PatchType::Strategic:
      return "application/strategic-merge-patch+json";
    case PatchType::Apply:
      return "application/apply-patch+yaml";
  }
  return "";
}

std::string delete_body(const DeleteOptions& options) {
  std::string body = R"({"kind":"DeleteOptions","apiVersion":"v1")";
  if (options.grace_period_seconds)
    body += base::cat({",\"gracePeriodSeconds\":", std::to_string(*options.grace_period_seconds)});
  if (!options.propagation_policy.empty())
    body += base::cat({",\"propagationPolicy\":", base::quote(options.propagation_policy)});
  if (!options.uid.empty() || !options.resource_version.empty()) {
    body += ",\"preconditions\":{";
    if (!options.uid.empty()) body += base::cat({"\"uid\":", base::quote(options.uid)});
    if (!options.uid.empty() && !options.resource_version.empty()) body += ",";
    if (!options.resource_version.empty())
      body += base::cat({"\"resourceVersion\":", base::quote(options.resource_version)});
    body += "}";
  }
  return body + "}";
}

// Sends `call`; an answer other than 2xx is its Error.
io::Task<Result<Reply>> send(std::shared_ptr<Transport> transport, Call call) {
  CO_TRY(Reply reply, co_await transport->call(std::move(call)));
  if (reply.status < 200 || reply.status > 299) co_return base::fail(error_of(reply));
  co_return reply;
}

}  // namespace

Client::Client(std::shared_ptr<Transport> transport, std::string field_manager)
    : transport_(std::move(transport)), field_manager_(std::move(field_manager)) {}

io::Task<Result<Object>> Client::get_object(const schema::Type& type, std::string namespace_, std::string name) {
  Call call{.method = "GET", .target = target_of(resource_of(type), namespace_, name)};
  CO_TRY(Reply reply, co_await send(transport_, std::move(call)));
  co_return decode_reply(type, reply);
}

io::Task<Result<Client::ObjectPage>> Client::list_objects(const schema::Type& type, std::string namespace_,
                                                          ListOptions options) {
  std::string target = target_of(resource_of(type), namespace_);
  add_list_options(target, options);
  std::shared_ptr<Transport> transport = transport_;
  CO_TRY(RawPage raw, co_await transport->list(std::move(target)));
  ObjectPage page{.items = {},
                  .resource_version = std::move(raw.resource_version),
                  .continue_token = std::move(raw.continue_token)};
  page.items.reserve(raw.items.size());
  for (const Raw& item : raw.items) {
    CO_TRY(Object object, decode(type, item));
    page.items.push_back(std::move(object));
  }
  co_return page;
}

io::Task<Result<Object>> Client::create_object(Object object, std::string subresource) {
  const api::meta_v1::ObjectMeta& meta = object.meta();
  std::string target =
      target_of(resource_of(object.type()), meta.namespace_, subresource.empty() ? "" : meta.name, subresource);
  add_query(target, "fieldManager", field_manager_);
  Call call{.method = "POST",
            .target = std::move(target),
            .content_type = std::string(kProtobuf),
            .body = encode_body(object)};
  CO_TRY(Reply reply, co_await send(transport_, std::move(call)));
  co_return decode_reply(object.type(), reply);
}

io::Task<Result<Object>> Client::update_object(Object object, std::string subresource) {
  const api::meta_v1::ObjectMeta& meta = object.meta();
  std::string target = target_of(resource_of(object.type()), meta.namespace_, meta.name, subresource);
  add_query(target, "fieldManager", field_manager_);
  Call call{.method = "PUT",
            .target = std::move(target),
            .content_type = std::string(kProtobuf),
            .body = encode_body(object)};
  CO_TRY(Reply reply, co_await send(transport_, std::move(call)));
  co_return decode_reply(object.type(), reply);
}

io::Task<Result<Object>> Client::patch_object(const schema::Type& type, std::string namespace_, std::string name,
                                              PatchType patch_type, std::string body, std::string subresource) {
  std::string target = target_of(resource_of(type), namespace_, name, subresource);
  add_query(target, "fieldManager", field_manager_);
  // What a component applies is its own; it does not give way.
  if (patch_type == PatchType::Apply) add_query(target, "force", "true");
  Call call{.method = "PATCH",
            .target = std::move(target),
            .content_type = std::string(media_type(patch_type)),
            .body = base::Bytes(std::move(body))};
  CO_TRY(Reply reply, co_await send(transport_, std::move(call)));
  co_return decode_reply(type, reply);
}

io::Task<Result<void>> Client::remove_object(const schema::Type& type, std::string namespace_, std::string name,
                                             DeleteOptions options) {
  Call call{.method = "DELETE",
            .target = target_of(resource_of(type), namespace_, name),
            .content_type = std::string(kJson),
            .body = base::Bytes(delete_body(options))};
  CO_TRY(co_await send(transport_, std::move(call)));
  co_return {};
}

io::Task<Result<Object>> Client::post_object(const schema::Type& owner, std::string namespace_, std::string name,
                                             std::string subresource, Object body) {
  std::string target = target_of(resource_of(owner), namespace_, name, subresource);
  add_query(target, "fieldManager", field_manager_);
  Call call{
      .method = "POST", .target = std::move(target), .content_type = std::string(kProtobuf), .body = encode_body(body)};
  CO_TRY(Reply reply, co_await send(transport_, std::move(call)));
  auto answer = decode_reply(body.type(), reply);
  if (!answer && answer.error().code() == base::Code::NotAcceptable) co_return body;
  co_return answer;
}

}  // namespace client
