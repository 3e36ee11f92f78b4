#include "apiserver/aggregation/own_version.h"

#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/render/render.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;

schema::Object resource_list(const OwnVersion& own) {
  meta::APIResourceList list;
  list.group_version = base::cat({own.group(), "/", own.version()});
  for (const auto& one : own.resources()) {
    auto& listed = list.resources.emplace_back();
    listed.name = one.resource;
    listed.singular_name = one.singular_resource;
    listed.namespaced = one.scope == "Namespaced";
    listed.kind = one.response_kind ? one.response_kind->kind : "";
    listed.verbs = one.verbs;
  }
  return list;
}

bool is_root(const OwnVersion& own, std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path == base::cat({"/apis/", own.group(), "/", own.version()});
}

}  // namespace

io::Task<void> serve_own(std::shared_ptr<const OwnVersion> own, const io::Request& request, const Call& call,
                         Response& response) {
  bool root = is_root(*own, call.info.path);
  if (!root && !call.info.is_resource) {
    response.send_error(no_such_path());
    co_return;
  }
  auto representation = negotiate(request.headers, call.query, false, root ? Views::None : Views::All);
  if (!representation) {
    response.send_error(representation.error());
    co_return;
  }
  auto answer = root ? base::Result<schema::Object>(resource_list(*own)) : co_await own->answer(call);
  if (!answer) {
    response.send_error(answer.error());
    co_return;
  }
  bool as_table = representation->view == View::Table;
  response.send(200, content_type(representation->media),
                base::Bytes(as_table ? render_table(own->table(*answer), *representation)
                                     : render_object(*answer, *representation)));
}

}  // namespace apiserver
