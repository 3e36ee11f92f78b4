// A resource as it is served: its row of the schema, its strategy, where it is kept, and the way between the stored
// version and the one that is asked for.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/registry/strategy.h"
#include "base/mutex.h"
#include "base/result.h"
#include "schema/object.h"
#include "schema/resource.h"
#include "store/store.h"

namespace apiserver {

namespace crd {
class Kind;
}

class Served : public std::enable_shared_from_this<Served> {
 public:
  explicit Served(const schema::Resource& row);
  explicit Served(std::shared_ptr<const crd::Kind> kind);

  const schema::Resource& row() const { return row_; }
  const Strategy& strategy() const { return strategy_; }
  const Traits& traits() const { return traits_; }
  const schema::Type& type() const { return *row_.type; }  // as it is asked for
  const schema::Type& stored_type() const { return *stored_type_; }
  bool is_stored() const { return !prefix_.empty(); }
  const crd::Kind* custom() const { return custom_.get(); }  // null for what is built in
  uint64_t id() const { return id_; }                        // of this alone, ever

  // "/registry/pods/" ; with a namespace "/registry/pods/default/".
  std::string prefix(std::string_view namespace_) const;
  std::string key(std::string_view namespace_, std::string_view name) const;
  // What is left of a key behind prefix(""): "default/web-0".
  std::string_view tail(std::string_view key) const { return key.substr(prefix_.size()); }

  // The object of an entry in the version asked for, with its resource version set. Internal when the bytes are broken.
  base::Result<schema::Object> decode(const store::Entry& entry) const;
  base::Result<schema::Object> decode(std::string_view bytes, store::Revision revision) const;
  // The stored bytes of an object in the version asked for; without resource version. What is stored of an object whose
  // conversion loses something is told by decoding it again.
  std::string encode(const schema::Object& object) const;
  // The object's message in the version asked for, without an envelope; shares the entry's bytes.
  std::string_view message(const store::Entry& entry) const;
  bool needs_conversion() const { return stored_type_ != row_.type; }

 private:
  const std::shared_ptr<const crd::Kind> custom_;
  const uint64_t id_;
  const schema::Resource& row_;
  const Strategy& strategy_;
  const Traits traits_;
  const schema::Type* stored_type_;
  std::string prefix_;
};

using ServedRef = std::shared_ptr<const Served>;

// The custom kinds there are at one time. Constant once it is published.
class CustomKinds {
 public:
  void add(ServedRef kind, bool served, bool storage);

  const std::map<std::string, ServedRef, std::less<>>& served() const { return by_name_; }  // by "group/version/plural"
  const std::map<std::string, ServedRef, std::less<>>& stored() const {
    return by_prefix_;
  }  // of the storage version, by prefix
  // Of a kind and version that is served; null when there is none.
  const Served* of_kind(std::string_view group, std::string_view version, std::string_view kind) const;

 private:
  std::map<std::string, ServedRef, std::less<>> by_name_;
  std::map<std::string, ServedRef, std::less<>> by_prefix_;
};
using CustomKindsRef = std::shared_ptr<const CustomKinds>;

// All that is served. What is built in is constant after construction; custom kinds come and go, and live on with
// whoever holds them. Safe from any thread.
class Catalog {
 public:
  Catalog();
  ServedRef find(std::string_view group, std::string_view version, std::string_view plural) const;
  // Whether anything of the group, or of that version of it, is served.
  bool has_group(std::string_view group) const;
  bool has_version(std::string_view group, std::string_view version) const;
  // The built-in resource whose keys begin as `key` does, in its stored version; null for other keys.
  const Served* of_key(std::string_view key) const;
  const std::vector<std::shared_ptr<const Served>>& built_in() const { return all_; }
  CustomKindsRef custom() const;  // never null
  void publish(CustomKindsRef kinds);
  template <class T>
  const Served& of() const {
    return of_type(schema::type_of<T>());
  }
  const Served& of_type(const schema::Type& type) const;

 private:
  std::vector<std::shared_ptr<const Served>> all_;
  std::map<std::string, const Served*, std::less<>> by_name_;    // "apps/v1/deployments"
  std::map<std::string, const Served*, std::less<>> by_prefix_;  // "/registry/pods/"
  std::map<const schema::Type*, const Served*> by_type_;

  mutable base::Mutex mutex_;
  CustomKindsRef custom_ GUARDED_BY(mutex_);
};

// Reads labels and selectable fields off stored bytes, for the store. Safe from any thread.
store::Indexer make_indexer();

}  // namespace apiserver
