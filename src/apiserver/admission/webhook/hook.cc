#include "apiserver/admission/webhook/hook.h"

#include "api/authentication_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/admission/presented.h"
#include "apiserver/outbound/post.h"
#include "apiserver/proxy/locate.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/status.h"

namespace apiserver {
namespace {

namespace admission = api::admission_k8s_io_v1;
namespace core = api::core_v1;

std::string url_host(std::string_view host) {
  return host.find(':') == std::string_view::npos ? std::string(host) : base::cat({"[", host, "]"});
}

io::Task<base::Result<Destination>> locate(const Hook& hook, const Attempt& attempt, base::Random& random) {
  Destination to;
  to.authority = hook.client.ca_bundle;
  std::string query = base::cat({"timeout=", std::to_string(hook.timeout_seconds), "s"});
  if (hook.client.url) {
    std::string_view url = *hook.client.url;
    auto scheme = url.find("://");
    auto path = scheme == std::string_view::npos ? std::string_view::npos : url.find('/', scheme + 3);
    to.url = std::string(url.substr(0, path));
    to.target = path == std::string_view::npos ? "/" : std::string(url.substr(path));
    to.target += base::cat({to.target.find('?') == std::string::npos ? "?" : "&", query});
    to.shown = to.url + to.target;
    co_return to;
  }
  const auto& reference = hook.client.service;
  if (!reference) co_return base::fail(base::Code::BadRequest, "webhook configuration must have either service or URL");
  std::string port = std::to_string(reference->port.value_or(443));
  to.server_name = base::cat({reference->name, ".", reference->namespace_, ".svc"});
  to.host = base::cat({to.server_name, ":", port});
  to.target = base::cat({reference->path ? *reference->path : "/", "?", query});
  to.shown = base::cat({"https://", to.host, to.target});
  std::string asking = base::cat({"Post ", base::quote(to.shown)});
  auto service = co_await attempt.reader.get<core::Service>(reference->namespace_, reference->name);
  if (!service) {
    co_return base::fail(base::Code::Unavailable,
                         base::cat({asking, ": service ", base::quote(reference->name), " not found"}));
  }
  if (service->spec.type == "ExternalName") {
    to.url = base::cat({"https://", url_host(service->spec.external_name), ":", port});
    co_return to;
  }
  CO_TRY(auto slices, co_await attempt.reader.list<api::discovery_k8s_io_v1::EndpointSlice>(reference->namespace_));
  auto place = locate_service(*service, slices, {.scheme = "https", .name = reference->name, .port = port},
                              random.below(1u << 30));
  if (!place) co_return base::fail(place.error().with_context(asking));
  to.url = base::cat({"https://", url_host(place->host), ":", std::to_string(place->port)});
  co_return to;
}

std::string review_of(const Hook& hook, const Served& version, const Attempt& attempt, const Presented& seen,
                      const std::string& uid) {
  auto request = admission_request(attempt, version, seen);
  request.uid = uid;
  if (seen.object) request.object = schema::to_json(seen.object);
  if (seen.old_object) request.old_object = schema::to_json(seen.old_object);
  return base::cat({R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/)", hook.review_version,
                    R"(","request":)", schema::to_json(request), "}"});
}

// What an answer other than 200 means, as upstream's client says it.
std::string http_complaint(const Reply& reply) {
  if (reply.status == 404) return "the server could not find the requested resource";
  if (reply.status == 401) return "Unauthorized";
  if (reply.status == 403) return "forbidden: ";
  if (reply.status >= 500) {
    return base::cat({"an error on the server (", base::quote(base::trim(std::string_view(reply.body).substr(0, 2048))),
                      ") has prevented the request from succeeding"});
  }
  return base::cat({"the server responded with the status code ", std::to_string(reply.status),
                    " but did not return more information"});
}

base::Result<admission::AdmissionResponse> read_response(const Hook& hook, const Reply& reply, const std::string& uid) {
  if (reply.status < 200 || reply.status > 206) {
    return base::fail(base::Code::Unavailable, base::cat({"failed to call webhook: ", http_complaint(reply)}));
  }
  auto bad = [](std::string why) { return base::fail(base::Code::BadRequest, std::move(why)); };
  auto meta = schema::read_type_meta(reply.body);
  auto review = schema::from_json<admission::AdmissionReview>(reply.body);
  if (!meta) return bad(base::cat({"failed to call webhook: ", meta.error().message()}));
  if (!review) return bad(base::cat({"failed to call webhook: ", review.error().message()}));
  std::string expected = base::cat({"admission.k8s.io/", hook.review_version});
  if (meta->api_version != expected || meta->kind != "AdmissionReview") {
    return bad(base::cat({"expected webhook response of ", expected, ", Kind=AdmissionReview, got ", meta->api_version,
                          ", Kind=", meta->kind}));
  }
  if (!review->response) return bad("webhook response was absent");
  auto& response = *review->response;
  if (hook.review_version == "v1" && response.uid != uid) {
    return bad(base::cat({"expected response.uid=", base::quote(uid), ", got ", base::quote(response.uid)}));
  }
  bool patches = !response.patch.empty();
  if (patches && hook.review_version == "v1" && response.patch_type.value_or("") != "JSONPatch") {
    return bad(response.patch_type ? base::cat({"invalid response.patchType of ", base::quote(*response.patch_type)})
                                   : std::string("webhook returned response.patch but not response.patchType"));
  }
  return std::move(response);
}

base::Error refusal(const Hook& hook, const admission::AdmissionResponse& response) {
  api::meta_v1::Status status;
  if (response.status) status = *response.status;
  if (status.code < 400) status.code = 400;
  status.status = "Failure";
  std::string by = base::cat({"admission webhook ", base::quote(hook.name), " denied the request"});
  if (!status.message.empty()) {
    status.message = base::cat({by, ": ", status.message});
  } else if (!status.reason.empty()) {
    status.message = base::cat({by, ": ", status.reason});
  } else {
    status.message = by + " without explanation";
  }
  return schema::error_of(std::move(status));
}

io::Task<base::Result<admission::AdmissionResponse>> converse(const Hook& hook, const Served& version,
                                                              const Attempt& attempt, base::Random& random) {
  if (!hook.broken.empty()) co_return base::fail(base::Code::BadRequest, hook.broken);
  if (hook.review_version.empty())
    co_return base::fail(base::Code::BadRequest,
                         "webhook does not accept known AdmissionReview versions (v1, v1beta1)");
  CO_TRY(auto seen, present(attempt, version));
  std::string uid = random.uuid();
  std::string body = review_of(hook, version, attempt, seen, uid);
  auto to = co_await locate(hook, attempt, random);
  if (!to) co_return base::fail(to.error().with_context("failed to call webhook"));
  auto reply = co_await post(std::move(*to), std::move(body), std::chrono::seconds(hook.timeout_seconds));
  if (!reply) co_return base::fail(reply.error().with_context("failed to call webhook"));
  co_return read_response(hook, *reply, uid);
}

}  // namespace

io::Task<base::Result<ServedRef>> concerns(const Hook& hook, const Attempt& attempt, const Authorizer& authorizer) {
  ServedRef version = match_rules(hook.rules, hook.exact, attempt);
  if (version == nullptr) co_return nullptr;
  CO_TRY(bool selected, co_await hook.selectors.match(attempt));
  if (!selected) co_return nullptr;
  auto verdict = co_await hook.conditions.judge(attempt, *version, authorizer);
  if (verdict) co_return *verdict ? version : ServedRef();
  if (hook.fails_open) co_return nullptr;
  co_return attempt.refuse(verdict.error().message());
}

namespace {

io::Task<base::Result<std::optional<admission::AdmissionResponse>>> ask_unmeasured(const Hook& hook,
                                                                                   const Served& version,
                                                                                   const Attempt& attempt,
                                                                                   base::Random& random) {
  if (attempt.dry_run && hook.has_side_effects) {
    co_return base::fail(
        bad_request(base::cat({"admission webhook ", base::quote(hook.name), " does not support dry run"})));
  }
  auto response = co_await converse(hook, version, attempt, random);
  if (!response) {
    std::string why = base::cat({"failed calling webhook ", base::quote(hook.name), ": ", response.error().message()});
    if (!hook.fails_open) co_return base::fail(internal_error(why));
    LOG_WARNING("Failed calling webhook, failing open", {"webhook", hook.name}, {"err", response.error().message()});
    co_return std::nullopt;
  }
  for (const auto& [key, value] : response->audit_annotations) attempt.audit(base::cat({hook.name, "/", key}), value);
  for (const auto& warning : response->warnings) attempt.warnings.push_back(warning);
  if (!response->allowed) co_return base::fail(refusal(hook, *response));
  co_return std::move(*response);
}

}  // namespace

io::Task<base::Result<std::optional<admission::AdmissionResponse>>> ask(const Hook& hook, const Served& version,
                                                                        const Attempt& attempt, const Asking& asking) {
  int64_t began_ns = asking.metrics != nullptr ? asking.metrics->now_ns() : 0;
  auto answer = co_await ask_unmeasured(hook, version, attempt, asking.random);
  if (asking.metrics != nullptr) {
    asking.metrics->count_webhook(hook.name, attempt.operation, asking.round, !answer,
                                  asking.metrics->now_ns() - began_ns);
  }
  co_return std::move(answer);
}

}  // namespace apiserver
