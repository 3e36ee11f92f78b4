#include "client/remote_transport.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "client/cache.h"
#include "client/client.h"
#include "client/codec.h"
#include "client/stream_decoder.h"
#include "client/testing/builders.h"
#include "client/testing/fake_server.h"
#include "io/http_server.h"
#include "schema/protobuf.h"
#include "schema/wire.h"

namespace client {
namespace {

using api::core_v1::Pod;
using base::Code;
using testing::pod;

// A fake server behind a real socket: calls and lists as they are, watches framed as the API does.
class RemoteTransportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    io::Loop::Entered entered(*loop_);
    server_ = *io::HttpServer::create(
        {.address = *io::Address::parse("127.0.0.1:0")},
        [this](const io::Request& request, const io::Peer&, io::RequestBody& body, io::ResponseWriter& writer) {
          return answer(&fake_, &seen_, &request, &body, &writer);
        });
    Access access;
    access.server = "http://" + server_->address().text();
    access.token = "secret";
    client_.emplace(*make_remote_transport(std::move(access), "test/1"));
  }
  void TearDown() override {
    io::Loop::Entered entered(*loop_);
    client_.reset();
    server_.reset();
  }

  static io::Task<void> answer(FakeServer* fake, std::vector<std::string>* seen, const io::Request* request,
                               io::RequestBody* body, io::ResponseWriter* writer) {
    seen->push_back(std::string(request->headers.get("authorization")) + " " +
                    std::string(request->headers.get("user-agent")));
    auto transport = fake->transport();
    std::string text = *co_await body->read_all(1 << 20);
    io::Headers headers;
    if (request->query().find("watch=true") != std::string_view::npos) {
      headers.add("content-type", "application/vnd.kubernetes.protobuf;stream=watch");
      auto watch = co_await transport->watch(request->target);
      writer->start(200, headers);
      for (;;) {
        auto events = co_await (*watch)->next();
        if (!events) break;
        for (const RawEvent& event : *events) {
          bool written = (co_await writer->write(base::Bytes(frame(event)))).has_value();
          if (!written) co_return;
        }
      }
      writer->finish();
      co_return;
    }
    bool collection = request->method == "GET" && request->path().ends_with("/pods");
    headers.add("content-type", "application/vnd.kubernetes.protobuf");
    if (collection) {
      auto page = co_await transport->list(request->target);
      schema::WireWriter list;
      for (auto item = page->items.rbegin(); item != page->items.rend(); ++item) put_bytes(list, 2, item->bytes.view());
      api::meta_v1::ListMeta meta;
      meta.resource_version = page->resource_version;
      put_bytes(list, 1, schema::to_protobuf(meta));
      writer->send(200, headers, base::Bytes(schema::wrap_envelope("v1", "PodList", list.view())));
      co_return;
    }
    auto reply = co_await transport->call({.method = request->method,
                                           .target = request->target,
                                           .content_type = std::string(request->headers.get("content-type")),
                                           .body = base::Bytes(text)});
    writer->send(reply->status, headers, reply->body);
  }

  static void put_bytes(schema::WireWriter& writer, uint32_t number, std::string_view bytes) {
    writer.put(bytes);
    writer.put_varint(bytes.size());
    writer.put_tag(number, schema::WireType::Bytes);
  }
  static std::string frame(const RawEvent& event) {
    constexpr std::string_view kNames[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"};
    schema::WireWriter object;
    put_bytes(object, 1, schema::wrap_envelope("v1", "Pod", event.object.bytes.view()));
    schema::WireWriter message;
    put_bytes(message, 2, object.view());
    put_bytes(message, 1, kNames[static_cast<int>(event.kind)]);
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(message.size() >> shift & 0xff);
    return bytes.append(message.view());
  }

  static io::Task<void> wait_for(std::shared_ptr<Cache<Pod>> cache, size_t count) {
    while (cache->size() != count) co_await io::sleep(std::chrono::milliseconds(1));
  }
  static io::Task<size_t> follow(Client client, FakeServer* fake) {
    auto cache = std::make_shared<Cache<Pod>>(client);
    io::Scope scope;
    scope.spawn(cache->run());
    co_await cache->wait_synced();
    size_t first = cache->size();
    fake->put<Pod>(pod("late"));
    co_await wait_for(cache, first + 1);
    fake->erase<Pod>("default", "late");
    co_await wait_for(cache, first);
    co_return first;
  }

  base::SeededRandom random_{1};
  FakeServer fake_{base::system_clock(), random_};
  std::vector<std::string> seen_;
  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  std::unique_ptr<io::HttpServer> server_;
  std::optional<Client> client_;
};

TEST_F(RemoteTransportTest, VerbsTravelWithTheirIdentity) {
  auto created = loop_->run_task(client_->create<Pod>(pod("a")));
  ASSERT_TRUE(created) << created.error().message();
  auto read = loop_->run_task(client_->get<Pod>("default", "a"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->metadata.uid, created->metadata.uid);
  EXPECT_EQ(loop_->run_task(client_->get<Pod>("default", "b")).error().code(), Code::NotFound);
  EXPECT_EQ(seen_[0], "Bearer secret test/1");
}

TEST_F(RemoteTransportTest, ACacheFollowsOverTheNetwork) {
  fake_.put<Pod>(pod("a"));
  fake_.put<Pod>(pod("b"));
  EXPECT_EQ(loop_->run_task(follow(*client_, &fake_)), 2u);
}

TEST_F(RemoteTransportTest, AServerThatIsNotThereIsUnavailable) {
  loop_->run_task(server_->close(io::Duration::zero()));
  EXPECT_EQ(loop_->run_task(client_->get<Pod>("default", "b")).error().code(), Code::Unavailable);
}

TEST(WatchDecoder, JsonEventsAreFoundHoweverTheyAreCut) {
  std::string text = R"({"type":"ADDED","object":{"metadata":{"name":"}{\""}}})"
                     "\n"
                     R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}})"
                     "\n";
  WatchDecoder decoder("application/json");
  std::vector<RawEvent> events;
  for (char letter : text) {
    auto some = decoder.feed(std::string_view(&letter, 1));
    ASSERT_TRUE(some);
    for (auto& event : *some) events.push_back(event);
  }
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].object.bytes.view(), R"({"metadata":{"name":"}{\""}})");
  EXPECT_EQ(events[1].kind, RawEvent::Kind::Bookmark);
}

TEST(WatchDecoder, AnErrorEventIsItsErrorAfterWhatCameBefore) {
  WatchDecoder decoder("application/json;stream=watch");
  auto events = decoder.feed(
      R"({"type":"DELETED","object":{}}{"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410}})");
  ASSERT_TRUE(events);
  EXPECT_EQ(events->size(), 1u);
  auto end = decoder.feed("");
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::Expired);
}

TEST(SplitList, JsonListsAreCutIntoItems) {
  auto page = split_list(
      "application/json",
      base::Bytes(std::string(
          R"({"kind":"FooList","metadata":{"resourceVersion":"9","continue":"x"},"items":[{"a":1}, {"b":2}]})")));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->resource_version, "9");
  EXPECT_EQ(page->continue_token, "x");
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[1].bytes.view(), R"({"b":2})");
}

TEST(SplitList, ProtobufItemsAreWholeButForTheirManagedFields) {
  api::core_v1::PodList list;
  list.metadata.resource_version = "9";
  Pod with = pod("a").on("n1");
  with.metadata.finalizers = {"x/y"};
  Pod without = pod("b");
  list.items = {with, without};
  auto& managed = list.items[0].metadata.managed_fields.emplace_back();
  managed.manager = "m";
  managed.fields_v1 = R"({"f:spec":{}})";
  auto page = split_list(kProtobuf, base::Bytes(schema::encode_envelope(schema::Object(list))));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->resource_version, "9");
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].bytes.view(), schema::to_protobuf(with));
  EXPECT_EQ(page->items[1].bytes.view(), schema::to_protobuf(without));
}

}  // namespace
}  // namespace client
