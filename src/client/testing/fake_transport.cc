#include "base/strings.h"
#include "client/codec.h"
#include "client/testing/fake_internal.h"

namespace client {

using base::Code;
using base::fail;
using base::Result;

FakeServer::Watching::Watching(FakeServer& server, const schema::Type& type, FakeSelection selection)
    : type(&type), server_(server), selection_(std::move(selection)) {
  place_ = server_.watches_.insert(server_.watches_.end(), this);
}

FakeServer::Watching::~Watching() {
  server_.watches_.erase(place_);
}

void FakeServer::Watching::add(const Change& change) {
  bool was = change.before && selection_.matches(change.before->object);
  bool is = change.after && selection_.matches(change.after->object);
  if (!was && !is) return;
  RawEvent event;
  event.kind = !was ? RawEvent::Kind::Added : is ? RawEvent::Kind::Modified : RawEvent::Kind::Deleted;
  // An object that leaves the selection is told as it was, at the revision of its leaving.
  const Stored& told = is ? *change.after : change.last ? *change.last : *change.before;
  event.object.bytes = told.bytes;
  event.object.revision = change.revision;
  events_.push_back(std::move(event));
  told_.set();
}

void FakeServer::Watching::end(base::Error error) {
  end_ = std::move(error);
  told_.set();
}

io::Task<Result<std::vector<RawEvent>>> FakeServer::Watching::next() {
  co_await told_.wait();
  co_await io::sleep(server_.latency());
  told_.reset();
  if (!events_.empty()) {
    if (end_) told_.set();
    co_return std::exchange(events_, {});
  }
  base::Error end = end_.value_or(base::Error(Code::Closed, "closed"));
  co_return fail(std::move(end));
}

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(FakeServer& server) : server_(server) {}

  io::Task<Result<Reply>> call(Call call) override {
    co_await io::sleep(server_.latency());
    if (auto told = server_.answers_.find(call.target); told != server_.answers_.end() && call.method == "GET") {
      co_return Reply{.status = 200, .content_type = std::string(kJson), .body = base::Bytes(told->second)};
    }
    auto answer = server_.serve(call);
    co_await io::sleep(server_.latency());
    if (!answer && (answer.error().code() == Code::Unavailable || answer.error().code() == Code::Timeout))
      co_return fail(answer.error());
    if (answer) co_return reply(call.method == "POST" ? 201 : 200, *answer);
    auto status = schema::status_of(answer.error());
    int code = status.code;
    co_return reply(code, schema::Object(std::move(status)));
  }

  io::Task<Result<RawPage>> list(std::string target) override {
    co_await io::sleep(server_.latency());
    CO_TRY(auto where, open(target));
    CO_TRY(FakeSelection selection, where.selection());
    RawPage page;
    page.resource_version = std::to_string(server_.revision_);
    auto limit = static_cast<size_t>(base::parse_uint(where.parameter("limit")).value_or(0));
    // The token is the key after which the next page begins.
    std::string_view after = where.parameter("continue");
    for (const auto& [key, stored] : server_.tables_[where.resource->type].objects) {
      std::string place = key.namespace_ + "\n" + key.name;
      if (!selection.matches(stored->object) || (!after.empty() && place <= after)) continue;
      page.items.push_back({.bytes = stored->bytes, .revision = stored->revision});
      if (limit != 0 && page.items.size() == limit) {
        page.continue_token = place;
        break;
      }
    }
    co_await io::sleep(server_.latency());
    co_return page;
  }

  io::Task<Result<std::unique_ptr<RawWatch>>> watch(std::string target) override {
    co_await io::sleep(server_.latency());
    CO_TRY(auto where, open(target));
    CO_TRY(FakeSelection selection, where.selection());
    uint64_t from = base::parse_uint(where.parameter("resourceVersion")).value_or(0);
    if (from != 0 && from < server_.oldest_) co_return fail(Code::Expired, "too old resource version");
    auto watching = std::make_unique<FakeServer::Watching>(server_, *where.resource->type, std::move(selection));
    for (const auto& change : server_.tables_[where.resource->type].changes) {
      if (change.revision > from) watching->add(change);
    }
    co_return std::unique_ptr<RawWatch>(std::move(watching));
  }

 private:
  static Reply reply(int status, const schema::Object& object) {
    return {.status = status, .content_type = std::string(kProtobuf), .body = encode_body(object)};
  }

  Result<FakeServer::Where> open(const std::string& target) {
    Call call{.method = "GET", .target = target, .content_type = "", .body = {}};
    if (server_.fault_) {
      if (auto error = server_.fault_(call)) return fail(*error);
    }
    return server_.parse(call);
  }

  FakeServer& server_;
};

std::shared_ptr<Transport> FakeServer::transport() {
  return std::make_shared<FakeTransport>(*this);
}

}  // namespace client
