#include "apiserver/bootstrap/own_call.h"

#include "apiserver/pipeline/identity.h"

namespace apiserver {

Call own_call(const Served& served, const api::meta_v1::ObjectMeta& metadata, std::string_view verb) {
  Call made;
  made.method = verb == "create" ? "POST" : "PUT";
  made.info.is_resource = true;
  made.info.verb = verb;
  made.info.group = served.row().group;
  made.info.version = served.row().version;
  made.info.resource = served.row().plural;
  made.info.namespace_ = metadata.namespace_;
  made.info.name = metadata.name;
  made.user.name = "system:apiserver";
  made.user.groups = {std::string(kMastersGroup), std::string(kAuthenticatedGroup)};
  made.user_agent = "kube-apiserver";
  return made;
}

}  // namespace apiserver
