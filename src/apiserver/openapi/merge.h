// Documents of OpenAPI v2 that other servers give, put into ours: what they say of their own group versions, with the
// definitions that takes. Pure.
#pragma once

#include <string>
#include <vector>

namespace apiserver::openapi {

struct RemoteDocument {
  std::string prefix;  // of the paths that are taken: "/apis/x.io/v1"
  std::string json;    // as that server gave it
};

// `ours` with what the others add. What cannot be read is left out. A definition that differs from one of the same name
// gets a name of its own: "x_v2".
std::string merge_v2(const std::string& ours, const std::vector<RemoteDocument>& others);

}  // namespace apiserver::openapi
