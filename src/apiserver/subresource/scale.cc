// The number of replicas alone, the same for all that has one. Written over the kinds' tables: spec.replicas,
// status.replicas and the selector.

#include "apiserver/crd/scale.h"

#include "api/apps_v1.h"
#include "api/autoscaling_v1.h"
#include "api/core_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/patching.h"
#include "apiserver/registry/scale_fields.h"
#include "apiserver/subresource/handlers.h"
#include "apiserver/subresource/scale.h"
#include "base/strings.h"
#include "schema/defaults.h"
#include "schema/selector.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace autoscaling = api::autoscaling_v1;
namespace core = api::core_v1;

autoscaling::Scale make(const schema::Object& owner, std::optional<int32_t> replicas, int32_t observed,
                        std::string selector) {
  autoscaling::Scale scale;
  const auto& meta = owner.meta();
  scale.metadata.name = meta.name;
  scale.metadata.namespace_ = meta.namespace_;
  scale.metadata.uid = meta.uid;
  scale.metadata.resource_version = meta.resource_version;
  scale.metadata.creation_timestamp = meta.creation_timestamp;
  scale.spec.replicas = replicas.value_or(0);
  scale.status.replicas = observed;
  scale.status.selector = std::move(selector);
  return scale;
}

std::string selector_text(const schema::Box<api::meta_v1::LabelSelector>& selector) {
  if (!selector) return "";
  auto parsed = schema::LabelSelector::from(*selector);
  return parsed ? parsed->to_string() : "";
}

}  // namespace

base::Result<autoscaling::Scale> scale_of(const Served& served, const schema::Object& owner) {
  if (served.custom() != nullptr) return crd::scale_of(*served.custom(), owner);
  if (auto* one = owner.get_if<apps::Deployment>()) {
    return make(owner, one->spec.replicas, one->status.replicas, selector_text(one->spec.selector));
  }
  if (auto* one = owner.get_if<apps::ReplicaSet>()) {
    return make(owner, one->spec.replicas, one->status.replicas, selector_text(one->spec.selector));
  }
  if (auto* one = owner.get_if<apps::StatefulSet>()) {
    return make(owner, one->spec.replicas, one->status.replicas, selector_text(one->spec.selector));
  }
  if (auto* one = owner.get_if<core::ReplicationController>()) {
    return make(owner, one->spec.replicas, one->status.replicas,
                schema::LabelSelector::from(one->spec.selector).to_string());
  }
  return base::fail(internal_error("no scale"));
}

void set_replicas(const Served& served, schema::Object& owner, int32_t replicas) {
  if (served.custom() != nullptr) return crd::set_replicas(*served.custom(), owner, replicas);
  if (auto* one = owner.get_if<apps::Deployment>()) one->spec.replicas = replicas;
  if (auto* one = owner.get_if<apps::ReplicaSet>()) one->spec.replicas = replicas;
  if (auto* one = owner.get_if<apps::StatefulSet>()) one->spec.replicas = replicas;
  if (auto* one = owner.get_if<core::ReplicationController>()) one->spec.replicas = replicas;
}

namespace {

struct Job {
  Call& call;
  const Served& served;
  WriteQuery query;
  FieldManagement management;
  schema::Object sent;  // of an update; empty for a patch
  std::string namespace_;
  std::string name;
};

// Where the owner keeps the number.
schema::apply::Path replicas_path(const Served& served) {
  using schema::apply::PathElement;
  if (served.custom() == nullptr) return {PathElement::field("spec"), PathElement::field("replicas")};
  schema::apply::Path path;
  for (const auto& name : served.custom()->scale()->spec_replicas) path.push_back(PathElement::field(name));
  return path;
}

base::Result<schema::Object> asked_of(Job& job, const schema::Object& before) {
  if (!job.sent) return patch_object(job.call, job.management, job.query, before.type(), &before);
  schema::Object asked = job.sent;
  track_fields(job.management, &before, asked);
  return asked;
}

io::Task<base::Result<schema::Object>> scaled(std::shared_ptr<Job> job, const schema::Object* current) {
  CO_TRY(auto before, scale_of(job->served, *current));
  const std::string version = job->served.type().api_version();
  const auto replicas = replicas_path(job->served);
  before.metadata.managed_fields = scale_entries(current->meta().managed_fields, version, replicas);
  CO_TRY(auto asked, asked_of(*job, schema::Object(std::move(before))));
  const auto& scale = asked.as<autoscaling::Scale>();
  if (scale.spec.replicas < 0) {
    co_return base::fail(
        invalid("autoscaling", "Scale", job->name,
                {schema::FieldError::invalid(schema::FieldPath("spec").child("replicas"), scale.spec.replicas,
                                             "must be greater than or equal to 0")}));
  }
  if (!scale.metadata.uid.empty() && scale.metadata.uid != current->meta().uid) {
    const auto& row = job->served.row();
    co_return base::fail(conflict(row.group, base::cat({row.plural, "/scale"}), job->name,
                                  base::cat({"Precondition failed: UID in precondition: ", scale.metadata.uid,
                                             ", UID in object meta: ", current->meta().uid})));
  }
  schema::Object next = *current;
  set_replicas(job->served, next, scale.spec.replicas);
  if (!scale.metadata.resource_version.empty()) next.meta().resource_version = scale.metadata.resource_version;
  next.meta().managed_fields =
      owner_entries(current->meta().managed_fields, scale.metadata.managed_fields, version, replicas);
  co_return next;
}

}  // namespace

HandlerTask handle_scale(Desk desk, Call& call, const Served& served) {
  const std::string namespace_ = call.info.namespace_;
  const std::string name = call.info.name;
  if (call.info.verb == "get") {
    CO_TRY(auto owner, co_await desk.registry.get_object(served, namespace_, name));
    CO_TRY(auto scale, scale_of(served, owner));
    co_return Answer::of(schema::Object(std::move(scale)), 200, &served);
  }
  bool patches = call.info.verb == "patch";
  CO_TRY(auto query, patches ? read_patch_query(call) : read_write_query(call.query, "UpdateOptions"));
  auto management = desk.registry.field_management(call, served, query.field_manager, "scale");
  auto job = std::make_shared<Job>(Job{call, served, query, std::move(management), {}, namespace_, name});
  if (!patches) {
    CO_TRY(job->sent, decode_part(call, autoscaling::Scale::kType, query.field_validation));
    const auto& meta = job->sent.meta();
    if (meta.name.empty()) {
      co_return base::fail(bad_request(
          base::cat({"the name of the object (", name, " based on URL) was undeterminable: name must be provided"})));
    }
    if (meta.name != name) {
      co_return base::fail(bad_request(
          base::cat({"the name of the object (", meta.name, ") does not match the name on the URL (", name, ")"})));
    }
  }
  WriteOptions options;
  options.part = Part::Whole;
  options.subresource = "scale";
  if (job->sent) options.uid = job->sent.meta().uid;
  options.dry_run = query.dry_run;
  CO_TRY(auto written, co_await desk.registry.write(
                           call, served, namespace_, name,
                           [job](const schema::Object* current) { return scaled(job, current); }, options));
  CO_TRY(auto scale, scale_of(served, written.object));
  co_return Answer::of(schema::Object(std::move(scale)), 200, &served);
}

}  // namespace apiserver
