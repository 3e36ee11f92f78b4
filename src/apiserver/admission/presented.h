// A write as webhooks and policies see it: in the version they ask for, a subresource in its own kind.
#pragma once

#include <string>

#include "api/admission_k8s_io_v1.h"
#include "apiserver/admission/plugin.h"

namespace apiserver {

struct Presented {
  std::string group, version, kind;        // of the objects below
  std::string asked_group, asked_version;  // of the kind in the version that was written
  schema::Object object;                   // empty for deletions
  schema::Object old_object;               // empty for creations
};

// `version`: one of versions_of(attempt).
base::Result<Presented> present(const Attempt& attempt, const Served& version);

// Takes what a mutation made of the presented object back into the write.
base::Result<void> take_back(Attempt& attempt, const Served& version, schema::Object changed);

// What is said of the write besides its objects, which are left out, and without a uid.
api::admission_k8s_io_v1::AdmissionRequest admission_request(const Attempt& attempt, const Served& version,
                                                             const Presented& seen);

// The options of the write as JSON: CreateOptions, UpdateOptions, PatchOptions or DeleteOptions; "" for connections.
std::string options_json(const Attempt& attempt);

}  // namespace apiserver
