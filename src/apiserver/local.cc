#include "apiserver/local.h"

#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/render/render.h"
#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {

Local::Local(Server& server, User user, std::string user_agent)
    : server_(server), user_(std::move(user)), user_agent_(std::move(user_agent)) {}

Call Local::make_call(std::string method, const std::string& target) const {
  std::string_view text = target;
  auto mark = text.find('?');
  Call call;
  call.method = std::move(method);
  call.query = Query(mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1));
  auto path = base::url_decode(text.substr(0, mark));
  call.info = parse_request_info(call.method, path ? std::string_view(*path) : text.substr(0, mark), call.query);
  call.user = user_;
  call.user_agent = user_agent_;
  return call;
}

io::Task<Local::Reply> Local::call(std::string method, std::string target, std::string content_type, base::Bytes body) {
  Call call = make_call(std::move(method), target);
  call.content_type = std::move(content_type);
  call.body = body.view();
  const Representation protobuf{.media = MediaType::Protobuf};
  Reply reply;
  reply.content_type = apiserver::content_type(MediaType::Protobuf);
  base::Result<Answer> answer = base::fail(too_large("the body"));
  if (call.body.size() <= server_.options().body_bytes_max) answer = co_await server_.handle(call);
  if (answer) {
    // Custom kinds have no protobuf form.
    bool is_json = answer->served != nullptr && answer->served->custom() != nullptr;
    Representation form{.media = is_json ? MediaType::Json : MediaType::Protobuf};
    auto rendered = server_.renderer().render(*answer, form, call.query);
    if (rendered) {
      reply.content_type = apiserver::content_type(form.media);
      reply.status = answer->status;
      reply.body = std::move(*rendered);
      co_return reply;
    }
    answer = base::fail(std::move(rendered).error());
  }
  auto status = schema::status_of(answer.error());
  reply.status = status.code == 0 ? 500 : status.code;
  reply.body = base::Bytes(render_object(schema::Object(std::move(status)), protobuf));
  co_return reply;
}

io::Task<base::Result<Local::Page>> Local::list(std::string target) {
  Call call = make_call("GET", target);
  CO_TRY(auto answer, co_await server_.handle(call));
  if (!answer.page) co_return base::fail(bad_request("not a list"));
  Page page;
  page.served = call.served;
  page.entries = std::move(answer.page->entries);
  page.resource_version = std::to_string(answer.page->revision);
  page.continue_token = std::move(answer.page->continue_token);
  co_return page;
}

io::Task<base::Result<std::unique_ptr<WatchStream>>> Local::watch(std::string target) {
  Call call = make_call("GET", target);
  if (call.info.verb != "watch") {
    call.query.set("watch", "true");
    call.info = parse_request_info("GET", call.info.path, call.query);
  }
  co_return co_await server_.watch(call);
}

}  // namespace apiserver
