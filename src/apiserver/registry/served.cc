#include "apiserver/registry/served.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "apiserver/crd/kind.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/conversion.h"
#include "base/strings.h"
#include "schema/defaults.h"
#include "schema/json.h"
#include "schema/protobuf.h"

namespace apiserver {
namespace {

// The type that is written: that of the storage version where we have it, else the row's own.
const schema::Type* stored_type_of(const schema::Resource& row) {
  if (const schema::Type* type = schema::find_kind(row.storage_version, row.kind)) return type;
  return row.type;
}

template <class Map>
bool has_prefix(const Map& names, std::string_view prefix) {
  auto at = names.lower_bound(prefix);
  return at != names.end() && at->first.starts_with(prefix);
}

uint64_t next_id() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

}  // namespace

Served::Served(std::shared_ptr<const crd::Kind> kind)
    : custom_(std::move(kind)),
      id_(next_id()),
      row_(custom_->row()),
      strategy_(custom_->strategy()),
      traits_(strategy_.traits()),
      stored_type_(&custom_->stored_type()),
      prefix_(row_.etcd_key.substr(0, row_.etcd_key.find('<'))) {}

Served::Served(const schema::Resource& row)
    : id_(next_id()),
      row_(row),
      strategy_(strategy_of(row.group, row.plural)),
      traits_(strategy_.traits()),
      stored_type_(stored_type_of(row)) {
  auto placeholder = row.etcd_key.find('<');
  if (placeholder != std::string_view::npos) prefix_ = row.etcd_key.substr(0, placeholder);
  // Both views of events are kept as the older one.
  if (row.group == "events.k8s.io") stored_type_ = schema::find_kind("v1", "Event");
}

std::string Served::prefix(std::string_view namespace_) const {
  return namespace_.empty() ? prefix_ : base::cat({prefix_, namespace_, "/"});
}

std::string Served::key(std::string_view namespace_, std::string_view name) const {
  return row_.namespaced ? base::cat({prefix_, namespace_, "/", name}) : base::cat({prefix_, name});
}

base::Result<schema::Object> Served::decode(const store::Entry& entry) const {
  return decode(entry.value.view(), entry.revision);
}

base::Result<schema::Object> Served::decode(std::string_view bytes, store::Revision revision) const {
  schema::Object object;
  if (schema::is_envelope(bytes)) {
    TRY(auto envelope, schema::open_envelope(bytes));
    const schema::Type* type = stored_type_;
    // Data of an older version may be met in a store that upstream wrote.
    if (envelope.api_version != type->api_version()) {
      if (const schema::Type* other = schema::find_kind(envelope.api_version, row_.kind)) type = other;
    }
    TRY(object, schema::decode_protobuf(*type, envelope.raw));
  } else if (custom_ != nullptr) {
    // Versions differ in what they know only.
    TRY(object, schema::decode_json(*row_.type, bytes));
    schema::apply_defaults(object);
    if (object.meta().generation == 0) object.meta().generation = 1;
    object.meta().resource_version = std::to_string(revision);
    return object;
  } else {
    TRY(object, schema::decode_json(*stored_type_, bytes));
  }
  TRY(object, convert(std::move(object), *row_.type));
  object.meta().resource_version = std::to_string(revision);
  return object;
}

std::string Served::encode(const schema::Object& object) const {
  // Most come in the version that is stored and without a resource version: nothing is copied to write those.
  bool is_ready = custom_ == nullptr && &object.type() == stored_type_ && object.meta().resource_version.empty();
  if (is_ready) return row_.stored_as_protobuf ? schema::encode_envelope(object) : schema::to_json(object);
  schema::Object stored = object;
  if (custom_ != nullptr) {
    stored.meta().resource_version.clear();
    if (!needs_conversion()) return schema::to_json(stored);
    std::string json;
    schema::append_json(json, stored.type(), stored.data(), schema::WithTypeMeta::No);
    auto converted = schema::decode_json(*stored_type_, json);
    return converted ? schema::to_json(*converted) : json;
  }
  if (&stored.type() != stored_type_) {
    auto converted = convert(std::move(stored), *stored_type_);
    if (!converted) {
      fprintf(stderr, "no conversion to the stored version of %s\n", std::string(row_.plural).c_str());
      abort();
    }
    stored = std::move(*converted);
  }
  stored.meta().resource_version.clear();
  if (!row_.stored_as_protobuf) return schema::to_json(stored);
  return schema::encode_envelope(stored);
}

std::string_view Served::message(const store::Entry& entry) const {
  auto envelope = schema::open_envelope(entry.value.view());
  return envelope ? envelope->raw : std::string_view();
}

void CustomKinds::add(ServedRef kind, bool served, bool storage) {
  const auto& row = kind->row();
  if (storage) by_prefix_[kind->prefix("")] = kind;
  if (served) by_name_[base::cat({row.group, "/", row.version, "/", row.plural})] = std::move(kind);
}

const Served* CustomKinds::of_kind(std::string_view group, std::string_view version, std::string_view kind) const {
  auto prefix = base::cat({group, "/", version, "/"});
  for (auto at = by_name_.lower_bound(prefix); at != by_name_.end() && at->first.starts_with(prefix); ++at) {
    if (at->second->row().kind == kind) return at->second.get();
  }
  return nullptr;
}

Catalog::Catalog() : custom_(std::make_shared<const CustomKinds>()) {
  for (const schema::Resource& row : schema::resources()) {
    auto served = std::make_shared<const Served>(row);
    by_name_.emplace(base::cat({row.group, "/", row.version, "/", row.plural}), served.get());
    by_type_.emplace(row.type, served.get());
    if (served->is_stored() && (!served->needs_conversion() || !by_prefix_.contains(served->prefix("")))) {
      by_prefix_[served->prefix("")] = served.get();
    }
    all_.push_back(std::move(served));
  }
}

ServedRef Catalog::find(std::string_view group, std::string_view version, std::string_view plural) const {
  auto name = base::cat({group, "/", version, "/", plural});
  if (auto found = by_name_.find(name); found != by_name_.end()) return found->second->shared_from_this();
  auto kinds = custom();
  auto found = kinds->served().find(name);
  return found == kinds->served().end() ? nullptr : found->second;
}

bool Catalog::has_group(std::string_view group) const {
  auto prefix = base::cat({group, "/"});
  return has_prefix(by_name_, prefix) || has_prefix(custom()->served(), prefix);
}

bool Catalog::has_version(std::string_view group, std::string_view version) const {
  auto prefix = base::cat({group, "/", version, "/"});
  return has_prefix(by_name_, prefix) || has_prefix(custom()->served(), prefix);
}

CustomKindsRef Catalog::custom() const {
  base::Lock lock(mutex_);
  return custom_;
}

void Catalog::publish(CustomKindsRef kinds) {
  base::Lock lock(mutex_);
  custom_ = std::move(kinds);
}

const Served* Catalog::of_key(std::string_view key) const {
  auto at = by_prefix_.upper_bound(key);
  while (at != by_prefix_.begin()) {
    --at;
    if (key.starts_with(at->first)) return at->second;
    if (at->first.substr(0, 12) != key.substr(0, 12)) break;
  }
  return nullptr;
}

const Served& Catalog::of_type(const schema::Type& type) const {
  auto found = by_type_.find(&type);
  if (found == by_type_.end()) {
    fprintf(stderr, "%s is no resource\n", std::string(type.name).c_str());
    abort();
  }
  return *found->second;
}

}  // namespace apiserver
