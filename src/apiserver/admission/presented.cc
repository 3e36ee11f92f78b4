#include "apiserver/admission/presented.h"

#include "api/autoscaling_v1.h"
#include "apiserver/admission/matching.h"
#include "apiserver/registry/call.h"
#include "apiserver/subresource/scale.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

base::Result<schema::Object> in_version(const schema::Object& object, const Served& from, const Served& to) {
  if (&from == &to || &object.type() != &from.type()) return object;
  TRY(auto converted, to.decode(from.encode(object), 0));
  converted.meta().resource_version = object.meta().resource_version;
  return converted;
}

bool is_scale(const Attempt& attempt) {
  return attempt.subresource == "scale" && attempt.object != nullptr &&
         &attempt.object->type() == &attempt.served.type();
}

}  // namespace

base::Result<Presented> present(const Attempt& attempt, const Served& version) {
  Presented seen;
  if (is_scale(attempt)) {
    TRY(auto scale, scale_of(attempt.served, *attempt.object));
    seen.object = schema::Object(std::move(scale));
    if (attempt.current != nullptr) {
      TRY(auto before, scale_of(attempt.served, *attempt.current));
      seen.old_object = schema::Object(std::move(before));
    }
    seen.group = seen.asked_group = "autoscaling";
    seen.version = seen.asked_version = "v1";
    seen.kind = "Scale";
    return seen;
  }
  if (attempt.object != nullptr) {
    TRY(seen.object, in_version(*attempt.object, attempt.served, version));
  }
  if (attempt.current != nullptr) {
    TRY(seen.old_object, in_version(*attempt.current, attempt.served, version));
  }
  const schema::Object& any = seen.object ? seen.object : seen.old_object;
  seen.kind = any ? std::string(any.kind()) : std::string(version.row().kind);
  // What is posted to a subresource (Binding, Eviction) is of a group version of its own.
  bool own = !any || &any.type() == &version.type();
  seen.group = own ? version.row().group : any.type().group;
  seen.version = own ? version.row().version : any.type().version;
  seen.asked_group = own ? attempt.served.row().group : any.type().group;
  seen.asked_version = own ? attempt.served.row().version : any.type().version;
  return seen;
}

base::Result<void> take_back(Attempt& attempt, const Served& version, schema::Object changed) {
  if (is_scale(attempt)) {
    if (const auto* scale = changed.get_if<api::autoscaling_v1::Scale>())
      set_replicas(attempt.served, *attempt.object, scale->spec.replicas);
    return {};
  }
  TRY(*attempt.object, in_version(changed, version, attempt.served));
  return {};
}

api::admission_k8s_io_v1::AdmissionRequest admission_request(const Attempt& attempt, const Served& version,
                                                             const Presented& seen) {
  api::admission_k8s_io_v1::AdmissionRequest request;
  request.kind = {seen.group, seen.version, seen.kind};
  const auto& row = version.row();
  request.resource = {std::string(row.group), std::string(row.version), std::string(row.plural)};
  request.sub_resource = attempt.subresource;
  const auto& asked = attempt.served.row();
  request.request_kind.emplace() = {seen.asked_group, seen.asked_version, seen.kind};
  request.request_resource.emplace() = {std::string(asked.group), std::string(asked.version),
                                        std::string(asked.plural)};
  request.request_sub_resource = attempt.subresource;
  request.name = attempt.name;
  request.namespace_ = attempt.is("namespaces") ? attempt.name : attempt.namespace_;
  request.operation = operation_name(attempt.operation);
  request.user_info.username = attempt.user.name;
  request.user_info.uid = attempt.user.uid;
  request.user_info.groups = attempt.user.groups;
  request.user_info.extra = attempt.user.extra;
  request.dry_run = attempt.dry_run;
  request.options = options_json(attempt);
  return request;
}

std::string options_json(const Attempt& attempt) {
  if (attempt.operation == Operation::Connect || attempt.call == nullptr) return "";
  if (attempt.operation == Operation::Delete) {
    if (attempt.delete_options == nullptr) return "";
    std::string out = schema::to_json(*attempt.delete_options);
    std::string head = R"({"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1")";
    return out == "{}" ? head + "}" : base::cat({head, ",", std::string_view(out).substr(1)});
  }
  const Call& call = *attempt.call;
  std::string_view kind = call.method == "PATCH"                   ? "PatchOptions"
                          : attempt.operation == Operation::Create ? "CreateOptions"
                                                                   : "UpdateOptions";
  std::string out = base::cat({R"({"kind":")", kind, R"(","apiVersion":"meta.k8s.io/v1")"});
  if (attempt.dry_run) out += R"(,"dryRun":["All"])";
  if (kind == "PatchOptions" && call.query.has("force"))
    out += base::cat({R"(,"force":)", call.query.flag("force") ? "true" : "false"});
  for (std::string_view name : {"fieldManager", "fieldValidation"}) {
    auto value = call.query.get(name);
    if (value.empty()) continue;
    out += base::cat({",\"", name, "\":"});
    base::append_json_string(out, value);
  }
  return out + "}";
}

}  // namespace apiserver
