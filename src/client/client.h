// The API as components see it: typed verbs over a transport.
//
//   CO_TRY(auto pod, co_await client.get<core_v1::Pod>("default", "web-0"));
//   pod.metadata.labels["seen"] = "yes";
//   CO_TRY(pod, co_await client.update(std::move(pod)));     // Conflict if someone was faster
//
// An answer that is not 2xx comes back as the Error of its Status: NotFound, AlreadyExists, Conflict, Invalid,
// Forbidden, Expired, TooManyRequests... with the Status as details (client/status.h). One loop; copies share the
// transport.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/transport.h"
#include "io/task.h"
#include "schema/object.h"

namespace client {

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;  // "" newest, "0" any
  int64_t limit = 0;
  std::string continue_token;
};

struct DeleteOptions {
  std::optional<int64_t> grace_period_seconds;
  std::string propagation_policy;  // "Foreground", "Background", "Orphan"; "" the kind's default
  std::string uid;                 // precondition
  std::string resource_version;    // precondition
};

enum class PatchType : uint8_t { Json, Merge, Strategic, Apply };

template <class T>
struct List {
  std::vector<T> items;
  std::string resource_version;
  std::string continue_token;
};

class Client {
 public:
  explicit Client(std::shared_ptr<Transport> transport, std::string field_manager = "");

  // T names the resource: its kind's group, version and plural. `namespace_` is "" for cluster-wide kinds and, in
  // list(), for all namespaces.
  template <class T>
  io::Task<base::Result<T>> get(std::string namespace_, std::string name) {
    CO_TRY(auto object, co_await get_object(schema::type_of<T>(), std::move(namespace_), std::move(name)));
    co_return std::move(object).template take<T>();
  }
  template <class T>
  io::Task<base::Result<List<T>>> list(std::string namespace_, ListOptions options = {}) {
    CO_TRY(auto page, co_await list_objects(schema::type_of<T>(), std::move(namespace_), std::move(options)));
    List<T> list{.items = {},
                 .resource_version = std::move(page.resource_version),
                 .continue_token = std::move(page.continue_token)};
    list.items.reserve(page.items.size());
    for (auto& item : page.items) list.items.push_back(std::move(item).template take<T>());
    co_return list;
  }
  // Namespace and name are the object's.
  template <class T>
  io::Task<base::Result<T>> create(T object) {
    CO_TRY(auto stored, co_await create_object(schema::Object(std::move(object)), ""));
    co_return std::move(stored).template take<T>();
  }
  // Replaces the object (or a subresource of it: "status"); the resource version in it is the precondition.
  template <class T>
  io::Task<base::Result<T>> update(T object, std::string subresource = "") {
    CO_TRY(auto stored, co_await update_object(schema::Object(std::move(object)), std::move(subresource)));
    co_return std::move(stored).template take<T>();
  }
  template <class T>
  io::Task<base::Result<T>> update_status(T object) {
    CO_TRY(auto stored, co_await update_object(schema::Object(std::move(object)), "status"));
    co_return std::move(stored).template take<T>();
  }
  template <class T>
  io::Task<base::Result<T>> patch(std::string namespace_, std::string name, PatchType type, std::string body,
                                  std::string subresource = "") {
    CO_TRY(auto stored, co_await patch_object(schema::type_of<T>(), std::move(namespace_), std::move(name), type,
                                              std::move(body), std::move(subresource)));
    co_return std::move(stored).template take<T>();
  }
  template <class T>
  io::Task<base::Result<void>> remove(std::string namespace_, std::string name, DeleteOptions options = {}) {
    return remove_object(schema::type_of<T>(), std::move(namespace_), std::move(name), std::move(options));
  }
  // POST of `body` to a subresource of the T named: Binding to pods/binding, Eviction to pods/eviction,
  // TokenRequest to serviceaccounts/token. The answer is of the same kind as the body where the server says so.
  template <class T, class Body>
  io::Task<base::Result<Body>> post(std::string namespace_, std::string name, std::string subresource, Body body) {
    CO_TRY(auto answer, co_await post_object(schema::type_of<T>(), std::move(namespace_), std::move(name),
                                             std::move(subresource), schema::Object(std::move(body))));
    co_return std::move(answer).template take<Body>();
  }

  Transport& transport() const { return *transport_; }

  struct ObjectPage {
    std::vector<schema::Object> items;
    std::string resource_version;
    std::string continue_token;
  };
  // The same by run-time type.
  io::Task<base::Result<schema::Object>> get_object(const schema::Type& type, std::string namespace_, std::string name);
  io::Task<base::Result<ObjectPage>> list_objects(const schema::Type& type, std::string namespace_,
                                                  ListOptions options);
  io::Task<base::Result<schema::Object>> create_object(schema::Object object, std::string subresource);
  io::Task<base::Result<schema::Object>> update_object(schema::Object object, std::string subresource);
  io::Task<base::Result<schema::Object>> patch_object(const schema::Type& type, std::string namespace_,
                                                      std::string name, PatchType patch_type, std::string body,
                                                      std::string subresource);
  io::Task<base::Result<void>> remove_object(const schema::Type& type, std::string namespace_, std::string name,
                                             DeleteOptions options);
  // An answer without an object of the body's kind (a Status, as bindings give) returns the body as it was sent.
  io::Task<base::Result<schema::Object>> post_object(const schema::Type& owner, std::string namespace_,
                                                     std::string name, std::string subresource, schema::Object body);

 private:
  std::shared_ptr<Transport> transport_;
  std::string field_manager_;
};

}  // namespace client
