// The verbs, written once for every resource. Each write is one compare-and-swap loop around: look at what is there,
// make the next state, default, admit, prepare, validate, write.
//
// Safe from any loop; holds no state of its own but whose turn it is to write. Lives as long as the calls that run in
// it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apiserver/admission/plugin.h"
#include "apiserver/registry/call.h"
#include "apiserver/registry/reader.h"
#include "apiserver/registry/selection.h"
#include "apiserver/registry/served.h"
#include "apiserver/registry/turns.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

struct FieldManagement;
struct UpdateOptions;
class Allocations;

// How the next state of an object is made from the current one (null: absent). Errors end the write.
using MakeNext = std::function<io::Task<base::Result<schema::Object>>(const schema::Object* current)>;

// Which part of an object a write is about.
enum class Part : uint8_t {
  Main,    // all but status
  Status,  // status alone
  Whole,   // as the caller made it: scale, approval, ... which changed one field of the current state themselves
};

struct WriteOptions {
  Part part = Part::Main;
  std::string subresource;
  bool dry_run = false;
  bool force_create = false;  // server-side apply makes what is not there
  bool counts_generation = true;
  bool admitted = false;  // admission has looked at what asked for this write
  std::string uid;        // precondition, "" for none
  // Whose the changes are from now on; "" when the next state brings its managed fields along.
  std::string field_manager;
};

struct DeleteRequest;

class Registry {
 public:
  struct Options {
    store::Store& store;
    const Catalog& catalog;
    const AdmissionChain& admission;
    base::Clock& clock;
    base::Random& random;
    Allocations& allocations;
  };
  explicit Registry(const Options& options);

  io::Task<base::Result<Answer>> get(Call& call, const Served& served);
  io::Task<base::Result<Answer>> list(Call& call, const Served& served);
  io::Task<base::Result<Answer>> create(Call& call, const Served& served);
  io::Task<base::Result<Answer>> update(Call& call, const Served& served, Part part);
  io::Task<base::Result<Answer>> patch(Call& call, const Served& served, Part part);
  io::Task<base::Result<Answer>> remove(Call& call, const Served& served);
  io::Task<base::Result<Answer>> remove_collection(Call& call, const Served& served);

  // The create verb for an object that is decoded already.
  io::Task<base::Result<schema::Object>> create_object(Call& call, const Served& served, schema::Object object,
                                                       WriteOptions options);
  // The one loop of updates. `created` tells whether the object was not there before.
  struct Written {
    schema::Object object;
    bool created = false;
  };
  io::Task<base::Result<Written>> write(Call& call, const Served& served, std::string namespace_, std::string name,
                                        MakeNext next, WriteOptions options);
  // Admission of what is posted to a subresource, or of a connection; `object` may be changed, and may be null.
  io::Task<base::Result<void>> admit(Call& call, const Served& served, Operation operation, schema::Object* object,
                                     bool dry_run);
  // The one way of deleting: grace, finalizers, propagation. The object or a Status.
  io::Task<base::Result<schema::Object>> remove_object(Call& call, const Served& served, std::string namespace_,
                                                       std::string name, api::meta_v1::DeleteOptions options,
                                                       bool admitted = false);

  // The object of that name in the version of `served`. NotFound in the API's words.
  io::Task<base::Result<schema::Object>> get_object(const Served& served, std::string namespace_, std::string name);
  // What is stored, as it reads in the version of `served`: where a webhook converts, it is asked. And the way back.
  io::Task<base::Result<std::vector<store::EntryRef>>> as_served(const Served& served,
                                                                 std::vector<store::EntryRef> entries);
  // as_served for later; null where no webhook converts.
  Convert conversion_to(const Served& served);
  io::Task<base::Result<schema::Object>> decode(const Served& served, store::EntryRef entry);
  io::Task<base::Result<base::Bytes>> encode(const Served& served, const schema::Object& object);

  store::Store& store() { return options_.store; }
  const Catalog& catalog() const { return options_.catalog; }
  const Reader& reader() const { return reader_; }
  const AdmissionChain& admission() const { return options_.admission; }
  base::Clock& clock() { return options_.clock; }
  base::Random& random() { return options_.random; }
  Allocations& allocations() { return options_.allocations; }
  base::Time now() const;
  // For a write of `call`, for those who bring managed fields along.
  FieldManagement field_management(const Call& call, const Served& served, std::string_view field_manager,
                                   std::string_view subresource) const;

 private:
  base::Result<void> prepare_create(Call& call, const Served& served, schema::Object& object,
                                    const WriteOptions& options);
  base::Result<void> prepare_update(Call& call, const Served& served, schema::Object& next,
                                    const schema::Object& current, const WriteOptions& options);
  io::Task<base::Result<schema::Object>> try_create(Call& call, const Served& served, schema::Object object,
                                                    const WriteOptions& options, std::string namespace_);

  const Options options_;
  const Reader reader_;
  Turns turns_;
};

}  // namespace apiserver
