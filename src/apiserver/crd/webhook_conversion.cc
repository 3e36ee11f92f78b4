#include "apiserver/crd/webhook_conversion.h"

#include <chrono>
#include <map>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/crd/kind.h"
#include "apiserver/outbound/post.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/proxy/locate.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver::crd {
namespace {

namespace v1 = api::apiextensions_k8s_io_v1;
using schema::Value;

std::string url_host(std::string_view host) {
  return host.find(':') == std::string_view::npos ? std::string(host) : base::cat({"[", host, "]"});
}

io::Task<base::Result<Destination>> locate(const Reader& reader, base::Random& random, v1::WebhookClientConfig client) {
  Destination to;
  to.authority = client.ca_bundle;
  std::string query = base::cat({"timeout=", std::to_string(kConversionSeconds), "s"});
  if (client.url) {
    std::string_view url = *client.url;
    auto scheme = url.find("://");
    auto path = scheme == std::string_view::npos ? std::string_view::npos : url.find('/', scheme + 3);
    to.url = std::string(url.substr(0, path));
    to.target = path == std::string_view::npos ? "/" : std::string(url.substr(path));
    to.target += base::cat({"?", query});
    to.shown = to.url + to.target;
    co_return to;
  }
  if (!client.service)
    co_return base::fail(base::Code::BadRequest, "webhook configuration must have either service or URL");
  const auto& reference = *client.service;
  std::string port = std::to_string(reference.port.value_or(443));
  to.server_name = base::cat({reference.name, ".", reference.namespace_, ".svc"});
  to.host = base::cat({to.server_name, ":", port});
  to.target = base::cat({reference.path ? *reference.path : "/", "?", query});
  to.shown = base::cat({"https://", to.host, to.target});
  std::string asking = base::cat({"Post ", base::quote(to.shown)});
  auto service = co_await reader.get<api::core_v1::Service>(reference.namespace_, reference.name);
  if (!service) {
    co_return base::fail(base::Code::Unavailable,
                         base::cat({asking, ": service ", base::quote(reference.name), " not found"}));
  }
  if (service->spec.type == "ExternalName") {
    to.url = base::cat({"https://", url_host(service->spec.external_name), ":", port});
    co_return to;
  }
  CO_TRY(auto slices, co_await reader.list<api::discovery_k8s_io_v1::EndpointSlice>(reference.namespace_));
  auto place = locate_service(*service, slices, {.scheme = "https", .name = reference.name, .port = port},
                              random.below(1u << 30));
  if (!place) co_return base::fail(place.error().with_context(asking));
  to.url = base::cat({"https://", url_host(place->host), ":", std::to_string(place->port)});
  co_return to;
}

// The version of the conversation: the first of those the webhook speaks that we do.
std::string_view review_version(const v1::WebhookConversion& webhook) {
  for (const auto& version : webhook.conversion_review_versions) {
    if (version == "v1" || version == "v1beta1") return version;
  }
  return "v1";
}

base::Result<schema::Value::Array> read_answer(const Reply& reply, std::string_view version, const std::string& uid,
                                               size_t expected) {
  auto bad = [](std::string why) { return base::fail(base::Code::BadRequest, std::move(why)); };
  if (reply.status < 200 || reply.status > 206) {
    return bad(base::cat({"the server responded with the status code ", std::to_string(reply.status),
                          " but did not return more information"}));
  }
  TRY(auto review, Value::parse(reply.body));
  std::string api_version = base::cat({"apiextensions.k8s.io/", version});
  if (review.text_at({"apiVersion"}) != api_version || review.text_at({"kind"}) != "ConversionReview") {
    return bad(base::cat({"expected webhook response of ", api_version, ", Kind=ConversionReview, got ",
                          review.text_at({"apiVersion"}), ", Kind=", review.text_at({"kind"})}));
  }
  const Value* response = review.find("response");
  if (response == nullptr || !response->is_object()) return bad("no response provided");
  if (version == "v1" && response->text_at({"uid"}) != uid) {
    return bad(
        base::cat({"expected response.uid=", base::quote(uid), ", got ", base::quote(response->text_at({"uid"}))}));
  }
  auto status = response->text_at({"result", "status"});
  if (status != "Success") {
    auto message = response->text_at({"result", "message"}), reason = response->text_at({"result", "reason"});
    if (!message.empty()) return bad(std::string(message));
    if (!reason.empty()) return bad(std::string(reason));
    return bad(base::cat({"response.result.status was '", status, "', expected 'Success'"}));
  }
  Value* objects = review.at({"response", "convertedObjects"});
  size_t count = objects != nullptr && objects->is_array() ? objects->as_array().size() : 0;
  if (count != expected) {
    return bad(base::cat({"returned ", std::to_string(count), " objects, expected ", std::to_string(expected)}));
  }
  return std::move(objects->as_array());
}

// What a conversion may not touch, and who the object is: of the metadata it has a say in labels and annotations only.
base::Result<void> keep_identity(const Value& before, Value& after, const std::string& wanted) {
  auto bad = [](std::string why) { return base::fail(base::Code::BadRequest, std::move(why)); };
  if (!after.is_object()) return bad("invalid converted object: must be an object");
  if (after.text_at({"apiVersion"}) != wanted) {
    return bad(base::cat(
        {"invalid converted object: unexpected apiVersion ", after.text_at({"apiVersion"}), ", expected ", wanted}));
  }
  if (after.text_at({"kind"}) != before.text_at({"kind"})) {
    return bad(base::cat({"invalid converted object: must have the same kind: ", before.text_at({"kind"}),
                          " != ", after.text_at({"kind"})}));
  }
  for (std::string_view field : {"name", "namespace", "uid"}) {
    auto had = before.text_at({"metadata", field}), has = after.text_at({"metadata", field});
    if (had != has) {
      std::string_view name = field == "uid" ? std::string_view("UID") : field;
      return bad(base::cat({"invalid converted object: must have the same ", name, ": ", had, " != ", has}));
    }
  }
  schema::Members metadata;
  if (const Value* had = before.find("metadata"); had != nullptr && had->is_object()) metadata = had->as_object();
  for (std::string_view field : {"labels", "annotations"}) {
    metadata.erase(field);
    if (const Value* has = after.at({"metadata", field})) metadata.set(field, *has);
  }
  after.as_object().set("metadata", Value(std::move(metadata)));
  return {};
}

io::Task<base::Result<Value::Array>> convert(const Reader& reader, base::Random& random, const Kind& kind,
                                             Value::Array objects, std::string wanted) {
  const auto& webhook = *kind.webhook();
  std::string from = base::cat({objects.front().text_at({"apiVersion"}), ", Kind=", objects.front().text_at({"kind"})});
  auto failed = [&](const base::Error& error) {
    return base::fail(plain_error(base::cat({"conversion webhook for ", from, " failed: ", error.message()})));
  };
  if (!webhook.client_config)
    co_return failed({base::Code::BadRequest, "webhook configuration must have either service or URL"});
  auto to = co_await locate(reader, random, *webhook.client_config);
  if (!to) co_return failed(to.error());
  std::string uid = random.uuid();
  std::string version(review_version(webhook));
  Value review = Value::object(
      {{"kind", "ConversionReview"},
       {"apiVersion", base::cat({"apiextensions.k8s.io/", version})},
       {"request", Value::object({{"uid", uid}, {"desiredAPIVersion", wanted}, {"objects", Value(objects)}})}});
  auto reply = co_await post(std::move(*to), review.to_json(), std::chrono::seconds(kConversionSeconds));
  if (!reply) co_return failed(reply.error());
  auto converted = read_answer(*reply, version, uid, objects.size());
  if (!converted) co_return failed(converted.error());
  for (size_t i = 0; i < objects.size(); ++i) {
    if (auto kept = keep_identity(objects[i], (*converted)[i], wanted); !kept) co_return failed(kept.error());
  }
  co_return std::move(*converted);
}

}  // namespace

bool asks_webhook(const Served& served) {
  return served.custom() != nullptr && served.custom()->webhook() != nullptr;
}

io::Task<base::Result<std::vector<store::EntryRef>>> in_version(const Reader& reader, base::Random& random,
                                                                const Served& served,
                                                                std::vector<store::EntryRef> entries) {
  if (!asks_webhook(served)) co_return entries;
  std::string wanted = served.type().api_version();
  // A webhook is asked about objects of one version at a time.
  std::map<std::string, std::vector<size_t>> foreign;
  std::map<std::string, Value::Array> objects;
  for (size_t i = 0; i < entries.size(); ++i) {
    auto says = schema::read_type_meta(entries[i]->value.view());
    if (!says || says->api_version == wanted) continue;
    CO_TRY(auto tree, Value::parse(entries[i]->value.view()));
    foreign[says->api_version].push_back(i);
    objects[says->api_version].push_back(std::move(tree));
  }
  for (auto& [version, places] : foreign) {
    CO_TRY(auto converted, co_await convert(reader, random, *served.custom(), std::move(objects[version]), wanted));
    for (size_t i = 0; i < places.size(); ++i) {
      auto entry = std::make_shared<store::Entry>(*entries[places[i]]);
      entry->value = base::Bytes(converted[i].to_json());
      entries[places[i]] = std::move(entry);
    }
  }
  co_return entries;
}

io::Task<base::Result<std::string>> stored_form(const Reader& reader, base::Random& random, const Served& served,
                                                const schema::Object& object) {
  if (!asks_webhook(served) || !served.needs_conversion()) co_return served.encode(object);
  schema::Object own = object;
  own.meta().resource_version.clear();
  CO_TRY(auto tree, Value::parse(schema::to_json(own)));
  Value::Array objects;
  objects.push_back(std::move(tree));
  CO_TRY(auto converted,
         co_await convert(reader, random, *served.custom(), std::move(objects), served.stored_type().api_version()));
  auto stored = schema::decode_json(served.stored_type(), converted.front().to_json());
  if (!stored) co_return base::fail(plain_error(stored.error().message()));
  co_return schema::to_json(*stored);
}

}  // namespace apiserver::crd
