#include "main/local_transport.h"

#include "apiserver/registry/registry.h"
#include "apiserver/render/render.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/remote_transport.h"
#include "client/status.h"
#include "client/stream_decoder.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/status.h"

namespace navarch {
namespace {

using apiserver::Call;
using apiserver::Served;

Call make_call(const client::Call& from, const apiserver::User& user) {
  Call call;
  call.method = from.method;
  auto question = from.target.find('?');
  if (question != std::string::npos) call.query = apiserver::Query(std::string_view(from.target).substr(question + 1));
  auto path = base::url_decode(std::string_view(from.target).substr(0, question));
  call.info = apiserver::parse_request_info(from.method, path ? *path : from.target, call.query);
  call.user = user;
  call.user_agent = "navarch";
  call.content_type = from.content_type;
  call.body = from.body.view();
  return call;
}

client::Reply make_error_reply(const base::Error& error) {
  auto status = schema::status_of(error);
  return {.status = status.code,
          .content_type = std::string(client::kProtobuf),
          .body = client::encode_body(schema::Object(status))};
}

// The entry's message in the version asked for: the store's own bytes wherever that is the version stored.
base::Result<client::Raw> make_raw(const Served& served, const store::EntryRef& entry, store::Revision revision) {
  if (served.custom() != nullptr) {
    TRY(auto object, served.decode(*entry));
    return client::Raw{
        .bytes = base::Bytes(schema::to_json(object)), .revision = revision, .form = client::Raw::Form::Json};
  }
  if (!served.needs_conversion()) {
    if (!schema::is_envelope(entry->value.view())) {  // some kinds are stored as JSON
      return client::Raw{.bytes = entry->value, .revision = revision, .form = client::Raw::Form::Json};
    }
    std::string_view whole = entry->value.view();
    std::string_view message = served.message(*entry);
    if (message.empty()) return client::Raw{.revision = revision};
    auto place = static_cast<size_t>(message.data() - whole.data());
    return client::Raw{.bytes = entry->value.slice(place, message.size()), .revision = revision};
  }
  TRY(auto object, served.decode(*entry));
  return client::Raw{.bytes = client::encode_message(object), .revision = revision};
}

class LocalWatch final : public client::RawWatch {
 public:
  explicit LocalWatch(std::unique_ptr<apiserver::WatchStream> stream) : stream_(std::move(stream)) {}

  io::Task<base::Result<std::vector<client::RawEvent>>> next() override {
    CO_TRY(auto items, co_await stream_->next());
    std::vector<client::RawEvent> events;
    events.reserve(items.size());
    for (const auto& item : items) {
      auto& event = events.emplace_back();
      event.kind = static_cast<client::RawEvent::Kind>(item.kind);
      if (item.entry == nullptr) {
        event.object.revision = item.revision;
      } else {
        CO_TRY(event.object, make_raw(stream_->served(), item.entry, item.revision));
      }
    }
    co_return events;
  }

 private:
  static_assert(static_cast<int>(client::RawEvent::Kind::Bookmark) ==
                static_cast<int>(apiserver::WatchItem::Kind::Bookmark));
  static_assert(static_cast<int>(client::RawEvent::Kind::Deleted) ==
                static_cast<int>(apiserver::WatchItem::Kind::Deleted));

  std::unique_ptr<apiserver::WatchStream> stream_;
};

constexpr auto kRemoteTimeout = std::chrono::seconds(60);
constexpr size_t kRemoteBytesMax = size_t{512} << 20;

// The whole answer of an extension API server.
io::Task<base::Result<client::Reply>> whole_reply(apiserver::Server& server, Call& call, client::Call request) {
  CO_TRY(auto stream, co_await server.ask_remote(call, std::move(request.target), std::move(request.accept)));
  CO_TRY(std::string body, co_await io::read_all(*stream, kRemoteBytesMax));
  co_return client::Reply{.status = stream->head().status,
                          .content_type = std::string(stream->head().headers.get("content-type")),
                          .body = base::Bytes(std::move(body))};
}

io::Task<base::Result<client::Reply>> remote_reply(apiserver::Server& server, Call& call, client::Call request) {
  auto reply = co_await io::with_timeout(kRemoteTimeout, whole_reply(server, call, std::move(request)));
  if (!reply) co_return base::fail(base::Code::Timeout, "the extension API server did not answer within a minute");
  // What is refused here is refused in the API's words.
  if (!*reply && schema::status_of(reply->error()).code == 403) co_return make_error_reply(reply->error());
  co_return std::move(*reply);
}

class LocalTransport final : public client::Transport {
 public:
  LocalTransport(apiserver::Server& server, apiserver::User user) : server_(server), user_(std::move(user)) {}

  io::Task<base::Result<client::Reply>> call(client::Call request) override {
    Call call = make_call(request, user_);
    if (server_.is_remote(call)) co_return co_await remote_reply(server_, call, std::move(request));
    auto answer = co_await server_.handle(call);
    if (!answer) co_return make_error_reply(answer.error());
    // Custom kinds have no protobuf form.
    bool is_json = answer->served != nullptr && answer->served->custom() != nullptr;
    apiserver::Representation representation{.media =
                                                 is_json ? apiserver::MediaType::Json : apiserver::MediaType::Protobuf};
    auto body = server_.renderer().render(*answer, representation, call.query);
    if (!body) co_return make_error_reply(body.error());
    co_return client::Reply{.status = answer->status,
                            .content_type = std::string(is_json ? client::kJson : client::kProtobuf),
                            .body = std::move(*body)};
  }

  io::Task<base::Result<client::RawPage>> list(std::string target) override {
    client::Call request{.method = "GET", .target = std::move(target), .content_type = {}, .body = {}};
    Call call = make_call(request, user_);
    if (server_.is_remote(call)) {
      CO_TRY(auto reply, co_await remote_reply(server_, call, std::move(request)));
      if (reply.status != 200) co_return base::fail(client::error_of(reply));
      co_return client::split_list(reply.content_type, std::move(reply.body));
    }
    CO_TRY(auto answer, co_await server_.handle(call));
    if (!answer.page) co_return base::fail(base::Code::BadRequest, "not a list");
    client::RawPage page{.items = {},
                         .resource_version = std::to_string(answer.page->revision),
                         .continue_token = answer.page->continue_token};
    page.items.reserve(answer.page->entries.size());
    for (const auto& entry : answer.page->entries) {
      CO_TRY(auto raw, make_raw(*answer.served, entry, entry->revision));
      page.items.push_back(std::move(raw));
    }
    co_return page;
  }

  io::Task<base::Result<std::unique_ptr<client::RawWatch>>> watch(std::string target) override {
    Call call = make_call({.method = "GET", .target = target, .content_type = {}, .body = {}}, user_);
    if (server_.is_remote(call)) {
      CO_TRY(auto answer, co_await server_.ask_remote(call, std::move(target), "application/json;stream=watch"));
      if (answer->head().status == 200) co_return client::make_remote_watch(std::move(answer));
      CO_TRY(std::string body, co_await io::read_all(*answer, kRemoteBytesMax));
      co_return base::fail(client::error_of({.status = answer->head().status,
                                             .content_type = std::string(answer->head().headers.get("content-type")),
                                             .body = base::Bytes(std::move(body))}));
    }
    CO_TRY(auto stream, co_await server_.watch(call));
    co_return std::unique_ptr<client::RawWatch>(std::make_unique<LocalWatch>(std::move(stream)));
  }

 private:
  apiserver::Server& server_;
  const apiserver::User user_;
};

}  // namespace

std::shared_ptr<client::Transport> make_local_transport(apiserver::Server& server, apiserver::User user) {
  return std::make_shared<LocalTransport>(server, std::move(user));
}

}  // namespace navarch
