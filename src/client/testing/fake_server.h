// A small API server in memory, for the tests of components: objects of every built-in resource, revisions, conflicts,
// watches, graceful deletion, finalizers, patches. On a simulated loop it answers in virtual time, after delays drawn
// from the seed, so that caches lag as they do in life.
//
//   FakeServer server(clock, random);
//   server.put(pod);                                  // as it is, status and all
//   client::Client client(server.transport());
//   ... server.get<core_v1::Pod>("default", "web-0")
//
// What it leaves out: authentication, admission, defaults, validation. One loop.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "client/key.h"
#include "client/transport.h"
#include "io/loop.h"
#include "schema/object.h"
#include "schema/resource.h"

namespace client {

class FakeServer {
 public:
  FakeServer(base::Clock& clock, base::Random& random);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;

  // Every transport reaches the same server; it must not be used after the server is gone.
  std::shared_ptr<Transport> transport();

  // ---- the world, from outside ----
  // Creates or replaces the object as given, status included; fills in uid, creation time and revision where empty.
  template <class T>
  T put(T object) {
    return put_object(schema::Object(std::move(object))).template take<T>();
  }
  template <class T>
  std::optional<T> get(std::string_view namespace_, std::string_view name) const {
    const schema::Object* object = find(schema::type_of<T>(), namespace_, name);
    if (object == nullptr) return std::nullopt;
    return object->as<T>();
  }
  template <class T>
  std::vector<T> list(std::string_view namespace_ = "") const {
    std::vector<T> items;
    for (const schema::Object* object : list_objects(schema::type_of<T>(), namespace_))
      items.push_back(object->as<T>());
    return items;
  }
  // Gone at once, whatever its finalizers. False if it was not there.
  template <class T>
  bool erase(std::string_view namespace_, std::string_view name) {
    return erase_object(schema::type_of<T>(), namespace_, name);
  }
  schema::Object put_object(schema::Object object);
  const schema::Object* find(const schema::Type& type, std::string_view namespace_, std::string_view name) const;
  std::vector<const schema::Object*> list_objects(const schema::Type& type, std::string_view namespace_) const;
  bool erase_object(const schema::Type& type, std::string_view namespace_, std::string_view name);

  // ---- weather ----
  // Calls and watch events take between nothing and this long. Zero: the loop's next turn.
  void set_latency_max(io::Duration span) { latency_max_ = span; }
  // Asked before each call (and list and watch): an Error is answered instead. Absent: none fails.
  void set_fault(std::function<std::optional<base::Error>(const Call& call)> fault) { fault_ = std::move(fault); }
  // What a GET of `target`, which no kind of ours is at, is answered: 200 and this JSON.
  void set_answer(std::string target, std::string json) { answers_[std::move(target)] = std::move(json); }
  // Ends all watches: in good order, or with Expired, after which older revisions cannot be watched.
  void close_watches();
  void expire_watches();

  // ---- what was asked of it ----
  // "POST /api/v1/namespaces/default/pods", in order; reads and watches are not among them.
  const std::vector<std::string>& writes() const { return writes_; }
  size_t watch_count() const { return watches_.size(); }
  uint64_t revision() const { return revision_; }

 private:
  friend class FakeTransport;
  friend class FakeWatch;
  friend struct FakeRequest;

  struct Stored {
    schema::Object object;
    base::Bytes bytes;
    uint64_t revision = 0;
  };
  struct Change {
    uint64_t revision = 0;
    std::shared_ptr<const Stored> before;  // null for an addition
    std::shared_ptr<const Stored> after;   // null for a deletion
    std::shared_ptr<const Stored> last;    // of a deletion: the object's last state, with the revision of the deletion
  };
  struct Table {
    std::map<Key, std::shared_ptr<const Stored>> objects;
    std::vector<Change> changes;
  };
  struct Where;  // a parsed target
  struct Selection;
  class Watching;

  base::Result<schema::Object> serve(const Call& call);
  base::Result<schema::Object> create(const Where& where, schema::Object object);
  base::Result<schema::Object> update(const Where& where, schema::Object object);
  base::Result<schema::Object> remove(const Where& where, std::string_view body);
  base::Result<schema::Object> remove_one(const schema::Resource& resource, const Key& key, std::string_view body);
  base::Result<schema::Object> patch(const Where& where, const Call& call);
  base::Result<schema::Object> post_subresource(const Where& where, schema::Object body);
  base::Result<Where> parse(const Call& call) const;
  base::Result<schema::Object> replace(const schema::Resource& resource, const schema::Object& current,
                                       schema::Object next, std::string_view subresource);

  // Stores, tells the watches; removes when `object` is being deleted and nothing holds it.
  schema::Object commit(const schema::Type& type, const Key& key, schema::Object object);
  void drop(const schema::Type& type, const Key& key);
  void tell(const schema::Type& type, Change change);
  io::Duration latency();

  base::Clock& clock_;
  base::Random& random_;
  io::Duration latency_max_{};
  std::function<std::optional<base::Error>(const Call&)> fault_;
  std::map<std::string, std::string, std::less<>> answers_;  // by target
  uint64_t revision_ = 1;
  uint64_t oldest_ = 0;  // revisions from here on can be watched
  uint32_t addresses_ = 1;
  std::map<const schema::Type*, Table> tables_;
  std::list<Watching*> watches_;
  std::vector<std::string> writes_;
};

}  // namespace client
