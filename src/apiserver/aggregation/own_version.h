// A group version that this server serves itself from elsewhere than the store, as if it were another server's: an
// APIService that names a service takes its place at once, and when that is gone it is back.
#pragma once

#include <memory>
#include <string>

#include "api/apidiscovery_k8s_io_v2.h"
#include "api/meta_v1.h"
#include "apiserver/pipeline/response.h"
#include "apiserver/registry/call.h"
#include "base/result.h"
#include "io/http.h"
#include "io/task.h"
#include "schema/object.h"

namespace apiserver {

// Safe from any thread.
class OwnVersion {
 public:
  virtual ~OwnVersion() = default;
  virtual std::string group() const = 0;
  virtual std::string version() const = 0;
  virtual int32_t group_priority() const = 0;
  virtual int32_t version_priority() const = 0;
  virtual std::vector<api::apidiscovery_k8s_io_v2::APIResourceDiscovery> resources() const = 0;
  // An object or a list, for a call to one of the resources. The call has been authorized.
  virtual io::Task<base::Result<schema::Object>> answer(const Call& call) const = 0;
  // What answer() gave, for people to read.
  virtual api::meta_v1::Table table(const schema::Object& answer) const = 0;
};

// Answers in every case.
io::Task<void> serve_own(std::shared_ptr<const OwnVersion> own, const io::Request& request, const Call& call,
                         Response& response);

}  // namespace apiserver
