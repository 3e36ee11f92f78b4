#include "client/testing/fake_server.h"

#include "api/batch_v1.h"
#include "api/core_v1.h"
#include "api/policy_v1.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/testing/fake_internal.h"
#include "schema/json.h"
#include "schema/patch.h"
#include "schema/status.h"

namespace client {
namespace {

using api::core_v1::Pod;
using base::Code;
using base::fail;
using base::Result;
using schema::Object;

Key key_of(const Object& object) {
  return {object.meta().namespace_, object.meta().name};
}

base::Error not_found(const schema::Resource& resource, std::string_view name) {
  api::meta_v1::Status status;
  status.status = "Failure";
  status.code = 404;
  status.reason = "NotFound";
  status.message = base::cat({resource.plural, " \"", name, "\" not found"});
  auto& details = status.details.emplace();
  details.name = name;
  details.kind = resource.plural;
  return schema::error_of(std::move(status));
}

// Copies a member that is a plain struct: "status" of most kinds.
void copy_member(std::string_view name, const Object& from, Object& to) {
  const schema::Field* field = from.type().find(name);
  if (field == nullptr || field->holder != schema::Holder::Value || field->shape != schema::Shape::Struct) return;
  field->type->assign(field->in(to.data()), field->in(from.data()));
}

bool same_but_for_metadata_and_status(const Object& a, const Object& b) {
  Object like_a = b;
  like_a.meta() = a.meta();
  copy_member("status", a, like_a);
  return a == like_a;
}

// What the server's strategies add on creation, as far as components rely on it.
void prepare(Object& object, uint32_t& addresses) {
  api::meta_v1::ObjectMeta& meta = object.meta();
  if (auto* pod = object.get_if<Pod>()) {
    if (pod->status.phase.empty()) pod->status.phase = "Pending";
  } else if (auto* space = object.get_if<api::core_v1::Namespace>()) {
    if (space->spec.finalizers.empty()) space->spec.finalizers = {"kubernetes"};
    if (space->status.phase.empty()) space->status.phase = "Active";
    meta.labels["kubernetes.io/metadata.name"] = meta.name;
  } else if (auto* service = object.get_if<api::core_v1::Service>()) {
    if (service->spec.type.empty()) service->spec.type = "ClusterIP";
    if (service->spec.cluster_ip.empty() && service->spec.type != "ExternalName") {
      service->spec.cluster_ip =
          base::cat({"10.96.", std::to_string(addresses / 250), ".", std::to_string(addresses % 250 + 1)});
      addresses++;
    }
    if (service->spec.cluster_ips.empty() && !service->spec.cluster_ip.empty())
      service->spec.cluster_ips = {service->spec.cluster_ip};
    if (service->spec.ip_families.empty() && service->spec.type != "ExternalName") service->spec.ip_families = {"IPv4"};
  } else if (auto* job = object.get_if<api::batch_v1::Job>()) {
    if (!job->spec.manual_selector.value_or(false)) {
      auto& labels = job->spec.template_.metadata.labels;
      labels["batch.kubernetes.io/controller-uid"] = labels["controller-uid"] = meta.uid;
      labels["batch.kubernetes.io/job-name"] = labels["job-name"] = meta.name;
      job->spec.selector.ensure().match_labels = {{"batch.kubernetes.io/controller-uid", meta.uid}};
    }
  }
}

}  // namespace

FakeServer::FakeServer(base::Clock& clock, base::Random& random) : clock_(clock), random_(random) {}
FakeServer::~FakeServer() = default;

io::Duration FakeServer::latency() {
  return io::Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(latency_max_.count()) + 1)));
}

// ---- from outside ----

Object FakeServer::put_object(Object object) {
  api::meta_v1::ObjectMeta& meta = object.meta();
  const Object* known = find(object.type(), meta.namespace_, meta.name);
  if (meta.uid.empty()) meta.uid = known != nullptr ? known->meta().uid : random_.uuid();
  if (meta.creation_timestamp.is_zero()) {
    meta.creation_timestamp = known != nullptr ? known->meta().creation_timestamp
                                               : base::Time::from_ns(clock_.wall_ns()).truncated_to_seconds();
  }
  if (known == nullptr) {
    if (meta.generation == 0) meta.generation = 1;
    prepare(object, addresses_);
  } else if (!same_but_for_metadata_and_status(*known, object)) {
    meta.generation = known->meta().generation + 1;
  }
  Key key = key_of(object);
  const schema::Type& type = object.type();
  return commit(type, key, std::move(object));
}

const Object* FakeServer::find(const schema::Type& type, std::string_view namespace_, std::string_view name) const {
  auto table = tables_.find(&type);
  if (table == tables_.end()) return nullptr;
  auto stored = table->second.objects.find(Key{std::string(namespace_), std::string(name)});
  return stored == table->second.objects.end() ? nullptr : &stored->second->object;
}

std::vector<const Object*> FakeServer::list_objects(const schema::Type& type, std::string_view namespace_) const {
  std::vector<const Object*> objects;
  auto table = tables_.find(&type);
  if (table == tables_.end()) return objects;
  for (const auto& [key, stored] : table->second.objects) {
    if (namespace_.empty() || key.namespace_ == namespace_) objects.push_back(&stored->object);
  }
  return objects;
}

bool FakeServer::erase_object(const schema::Type& type, std::string_view namespace_, std::string_view name) {
  if (find(type, namespace_, name) == nullptr) return false;
  drop(type, Key{std::string(namespace_), std::string(name)});
  return true;
}

// ---- storage ----

Object FakeServer::commit(const schema::Type& type, const Key& key, Object object) {
  Table& table = tables_[&type];
  auto stored = std::make_shared<Stored>();
  stored->revision = ++revision_;
  object.meta().resource_version = std::to_string(stored->revision);
  stored->object = std::move(object);
  stored->bytes = encode_message(stored->object);
  auto& place = table.objects[key];
  Change change{.revision = stored->revision, .before = place, .after = stored, .last = nullptr};
  place = stored;
  tell(type, std::move(change));
  return stored->object;
}

void FakeServer::drop(const schema::Type& type, const Key& key) {
  Table& table = tables_[&type];
  auto place = table.objects.find(key);
  auto last = std::make_shared<Stored>();
  last->revision = ++revision_;
  last->object = place->second->object;
  last->object.meta().resource_version = std::to_string(last->revision);
  last->bytes = encode_message(last->object);
  Change change{.revision = last->revision, .before = place->second, .after = nullptr, .last = last};
  table.objects.erase(place);
  tell(type, std::move(change));
}

void FakeServer::tell(const schema::Type& type, Change change) {
  for (Watching* watching : watches_) {
    if (watching->type == &type) watching->add(change);
  }
  tables_[&type].changes.push_back(std::move(change));
}

void FakeServer::close_watches() {
  for (Watching* watching : watches_) watching->end(base::Error(Code::Closed, "the watch's time is up"));
}

void FakeServer::expire_watches() {
  oldest_ = revision_;
  for (auto& [type, table] : tables_) table.changes.clear();
  for (Watching* watching : watches_) watching->end(base::Error(Code::Expired, "too old resource version"));
}

// ---- requests ----

Result<FakeServer::Where> FakeServer::parse(const Call& call) const {
  Where where;
  std::string_view target = call.target;
  size_t question = target.find('?');
  if (question != std::string_view::npos) {
    for (std::string_view pair : base::split(target.substr(question + 1), '&')) {
      size_t equal = pair.find('=');
      TRY(std::string value, base::url_decode(equal == std::string_view::npos ? "" : pair.substr(equal + 1), true));
      where.query[std::string(pair.substr(0, equal))] = std::move(value);
    }
  }
  std::vector<std::string> path;
  for (std::string_view segment :
       base::split(target.substr(1, question == std::string_view::npos ? question : question - 1), '/')) {
    TRY(std::string text, base::url_decode(segment));
    path.push_back(std::move(text));
  }
  base::Error unknown(Code::NotFound, "the server could not find the requested resource");
  size_t at = path[0] == "api" ? 1 : 2;
  if (path.size() < at + 2) return fail(unknown);
  std::string group = at == 1 ? "" : path[1];
  std::string version = path[at++];
  if (path[at] == "namespaces" && path.size() > at + 2 &&
      schema::find_resource(group, version, path[at + 2]) != nullptr) {
    where.namespace_ = path[at + 1];
    at += 2;
  }
  where.resource = schema::find_resource(group, version, path[at++]);
  if (where.resource == nullptr || where.resource->type == nullptr) return fail(unknown);
  if (at < path.size()) where.name = path[at++];
  if (at < path.size()) where.subresource = path[at++];
  return where;
}

Result<Object> FakeServer::serve(const Call& call) {
  if (fault_) {
    if (auto error = fault_(call)) return fail(*error);
  }
  TRY(Where where, parse(call));
  if (call.method != "GET")
    writes_.push_back(base::cat({call.method, " ", std::string_view(call.target).substr(0, call.target.find('?'))}));
  const schema::Type& type = *where.resource->type;
  if (call.method == "GET") {
    const Object* object = find(type, where.namespace_, where.name);
    if (object == nullptr) return fail(not_found(*where.resource, where.name));
    return *object;
  }
  if (call.method == "DELETE") return remove(where, call.body.view());
  if (call.method == "PATCH") return patch(where, call);
  if (call.method == "POST" && !where.subresource.empty()) {
    const schema::Subresource* subresource = where.resource->subresource(where.subresource);
    if (subresource == nullptr || subresource->type == nullptr) return fail(Code::NotFound, "no such subresource");
    TRY(Object body, decode_body(*subresource->type, call));
    return post_subresource(where, std::move(body));
  }
  TRY(Object body, decode_body(type, call));
  return call.method == "POST" ? create(where, std::move(body)) : update(where, std::move(body));
}

Result<Object> FakeServer::create(const Where& where, Object object) {
  api::meta_v1::ObjectMeta& meta = object.meta();
  if (where.resource->namespaced) {
    meta.namespace_ = where.namespace_;
    auto* space = find(api::core_v1::Namespace::kType, "", where.namespace_);
    if (space != nullptr && !space->meta().deletion_timestamp.is_zero()) {
      api::meta_v1::Status status;
      status.status = "Failure";
      status.code = 403;
      status.reason = "Forbidden";
      status.message = "namespace " + where.namespace_ + " is being terminated";
      status.details.ensure().causes.emplace_back().reason = "NamespaceTerminating";
      return fail(schema::error_of(std::move(status)));
    }
  }
  if (meta.name.empty() && !meta.generate_name.empty()) meta.name = meta.generate_name + random_.name_suffix();
  if (meta.name.empty()) return fail(Code::Invalid, "name or generateName is required");
  if (find(object.type(), meta.namespace_, meta.name) != nullptr) {
    return fail(Code::AlreadyExists, base::cat({where.resource->plural, " \"", meta.name, "\" already exists"}));
  }
  meta.uid = random_.uuid();
  meta.creation_timestamp = base::Time::from_ns(clock_.wall_ns()).truncated_to_seconds();
  meta.deletion_timestamp = {};
  meta.generation = 1;
  if (where.resource->subresource("status") != nullptr) copy_member("status", Object(object.type()), object);
  prepare(object, addresses_);
  Key key = key_of(object);
  const schema::Type& type = object.type();
  return commit(type, key, std::move(object));
}

Result<Object> FakeServer::replace(const schema::Resource& resource, const Object& current, Object next,
                                   std::string_view subresource) {
  const api::meta_v1::ObjectMeta& before = current.meta();
  if (!next.meta().resource_version.empty() && next.meta().resource_version != before.resource_version) {
    return fail(
        Code::Conflict,
        base::cat({"Operation cannot be fulfilled on ", resource.plural, " \"", before.name,
                   "\": the object has been modified; please apply your changes to the latest version and try again"}));
  }
  if (!next.meta().uid.empty() && next.meta().uid != before.uid) {
    return fail(Code::Conflict, base::cat({"Precondition failed: UID in precondition: ", next.meta().uid,
                                           ", UID in object meta: ", before.uid}));
  }
  if (subresource == "status") {
    Object changed = current;
    copy_member("status", next, changed);
    next = std::move(changed);
  } else if (subresource.empty() && resource.subresource("status") != nullptr) {
    copy_member("status", current, next);
  }
  api::meta_v1::ObjectMeta& meta = next.meta();
  meta.namespace_ = before.namespace_;
  meta.name = before.name;
  meta.uid = before.uid;
  meta.creation_timestamp = before.creation_timestamp;
  meta.deletion_timestamp = before.deletion_timestamp;
  meta.deletion_grace_period_seconds = before.deletion_grace_period_seconds;
  meta.resource_version = before.resource_version;
  meta.generation = before.generation + (same_but_for_metadata_and_status(current, next) ? 0 : 1);
  if (next == current) return current;
  Key key{before.namespace_, before.name};
  const schema::Type& type = current.type();
  auto* space = next.get_if<api::core_v1::Namespace>();
  bool held = !meta.finalizers.empty() || (space != nullptr && !space->spec.finalizers.empty()) ||
              meta.deletion_grace_period_seconds.value_or(0) > 0;
  bool deleting = !meta.deletion_timestamp.is_zero();
  Object stored = commit(type, key, std::move(next));
  if (deleting && !held) drop(type, key);
  return stored;
}

Result<Object> FakeServer::update(const Where& where, Object object) {
  const Object* current = find(*where.resource->type, where.namespace_, where.name);
  if (current == nullptr) return fail(not_found(*where.resource, where.name));
  return replace(*where.resource, Object(*current), std::move(object), where.subresource);
}

Result<Object> FakeServer::patch(const Where& where, const Call& call) {
  const Object* current = find(*where.resource->type, where.namespace_, where.name);
  if (current == nullptr) return fail(not_found(*where.resource, where.name));
  TRY(schema::Value value, schema::Value::parse(schema::to_json(*current)));
  std::string_view form = call.content_type;
  if (form.starts_with("application/strategic-merge-patch")) {
    TRY(value, schema::apply_strategic_patch(current->type(), std::move(value), call.body.view()));
  } else if (form.starts_with("application/merge-patch")) {
    TRY(value, schema::apply_merge_patch(std::move(value), call.body.view()));
  } else if (form.starts_with("application/json-patch")) {
    TRY(auto operations, schema::JsonPatch::parse(call.body.view()));
    TRY(value, operations.apply(std::move(value)));
  } else {
    return fail(Code::UnsupportedMediaType, "the fake server does not apply patches");
  }
  TRY(Object next, schema::decode_json(current->type(), value.to_json()));
  return replace(*where.resource, Object(*current), std::move(next), where.subresource);
}

Result<Object> FakeServer::remove(const Where& where, std::string_view body) {
  if (!where.name.empty()) return remove_one(*where.resource, Key{where.namespace_, where.name}, body);
  TRY(FakeSelection selection, where.selection());
  std::vector<Key> keys;
  for (const Object* object : list_objects(*where.resource->type, where.namespace_)) {
    if (selection.matches(*object)) keys.push_back(key_of(*object));
  }
  for (const Key& key : keys) TRY(remove_one(*where.resource, key, body));
  api::meta_v1::Status status;
  status.status = "Success";
  return Object(std::move(status));
}

Result<Object> FakeServer::remove_one(const schema::Resource& resource, const Key& key, std::string_view body) {
  const schema::Type& type = *resource.type;
  const Object* known = find(type, key.namespace_, key.name);
  if (known == nullptr) return fail(not_found(resource, key.name));
  Object object = *known;
  api::meta_v1::ObjectMeta& meta = object.meta();
  schema::Value options = schema::Value::object();
  if (!body.empty()) {
    TRY(options, schema::Value::parse(body));
  }
  std::string_view uid = options.text_at({"preconditions", "uid"});
  std::string_view version = options.text_at({"preconditions", "resourceVersion"});
  if ((!uid.empty() && uid != meta.uid) || (!version.empty() && version != meta.resource_version)) {
    return fail(Code::Conflict,
                base::cat({"Precondition failed: ", resource.plural, " \"", key.name, "\" is another object"}));
  }
  std::string_view policy = options.text_at({"propagationPolicy"});
  auto add_finalizer = [&](std::string name) {
    if (std::find(meta.finalizers.begin(), meta.finalizers.end(), name) == meta.finalizers.end())
      meta.finalizers.push_back(std::move(name));
  };
  if (policy == "Foreground") add_finalizer("foregroundDeletion");
  if (policy == "Orphan") add_finalizer("orphan");

  int64_t grace = 0;
  if (auto* pod = object.get_if<Pod>()) {
    const schema::Value* asked = options.find("gracePeriodSeconds");
    grace =
        asked != nullptr && asked->is_int() ? asked->as_int() : pod->spec.termination_grace_period_seconds.value_or(30);
    if (pod->spec.node_name.empty() || pod->status.phase == "Succeeded" || pod->status.phase == "Failed") grace = 0;
  }
  auto* space = object.get_if<api::core_v1::Namespace>();
  if (space != nullptr) space->status.phase = "Terminating";
  bool held = grace > 0 || !meta.finalizers.empty() || (space != nullptr && !space->spec.finalizers.empty());
  if (!held) {
    drop(type, key);
    return object;
  }
  if (meta.deletion_timestamp.is_zero() || grace < meta.deletion_grace_period_seconds.value_or(0)) {
    meta.deletion_timestamp = base::Time::from_ns(clock_.wall_ns() + grace * 1'000'000'000).truncated_to_seconds();
    meta.deletion_grace_period_seconds = grace;
  }
  if (object == *known) return object;
  return commit(type, key, std::move(object));
}

Result<Object> FakeServer::post_subresource(const Where& where, Object body) {
  const schema::Type& type = *where.resource->type;
  const Object* known = find(type, where.namespace_, where.name);
  if (known == nullptr) return fail(not_found(*where.resource, where.name));
  if (auto* binding = body.get_if<api::core_v1::Binding>()) {
    Object object = *known;
    auto& pod = object.as<Pod>();
    if (!pod.spec.node_name.empty()) {
      return fail(Code::Conflict,
                  base::cat({"pod ", where.name, " is already assigned to node \"", pod.spec.node_name, "\""}));
    }
    pod.spec.node_name = binding->target.name;
    auto& scheduled = pod.status.conditions.emplace_back();
    scheduled.type = "PodScheduled";
    scheduled.status = "True";
    scheduled.last_transition_time = base::Time::from_ns(clock_.wall_ns()).truncated_to_seconds();
    commit(type, Key{where.namespace_, where.name}, std::move(object));
    api::meta_v1::Status status;
    status.status = "Success";
    return Object(std::move(status));
  }
  if (body.get_if<api::policy_v1::Eviction>() != nullptr) {
    TRY(remove_one(*where.resource, Key{where.namespace_, where.name}, ""));
    api::meta_v1::Status status;
    status.status = "Success";
    return Object(std::move(status));
  }
  return fail(Code::MethodNotAllowed, "the fake server does not know " + where.subresource);
}

}  // namespace client
