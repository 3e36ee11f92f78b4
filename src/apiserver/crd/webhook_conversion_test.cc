// Versions of a custom kind that a webhook converts, as clients meet them: a server that asks another one over plain
// HTTP.

#include "apiserver/crd/webhook_conversion.h"

#include <gtest/gtest.h>

#include "apiserver/testing_server.h"
#include "base/strings.h"
#include "io/http_server.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver::crd {
namespace {

using schema::Value;

constexpr std::string_view kV1 = "/apis/example.com/v1/namespaces/default/widgets";
constexpr std::string_view kV2 = "/apis/example.com/v2/namespaces/default/widgets";

// v1, which is stored, has spec.host and spec.port; v2 has spec.address of both.
class Conversion : public ::testing::Test {
 protected:
  Conversion() {
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    hook_ = *io::HttpServer::create(std::move(options),
                                    [this](auto&, auto&, auto& body, auto& writer) { return answer(body, writer); });
    server_.serve_custom_kinds();
    define();
  }
  ~Conversion() override { server_.loop().run_task(hook_->close(std::chrono::seconds(0))); }

  io::Task<void> answer(io::RequestBody& body, io::ResponseWriter& writer) {
    auto text = co_await body.read_all(size_t{1} << 20);
    auto review = Value::parse(*text);
    ++asked_;
    std::string wanted(review->text_at({"request", "desiredAPIVersion"}));
    Value::Array converted;
    for (Value object : review->at({"request", "objects"})->as_array()) {
      object.as_object().set("apiVersion", wanted);
      convert(object.ensure_object({"spec"}), wanted == "example.com/v2");
      if (!spoiled_name_.empty()) object.ensure_object({"metadata"}).set("name", spoiled_name_);
      converted.push_back(std::move(object));
    }
    Value result = failure_.empty() ? Value::object({{"status", "Success"}})
                                    : Value::object({{"status", "Failed"}, {"message", failure_}});
    Value reply = Value::object({{"kind", "ConversionReview"},
                                 {"apiVersion", "apiextensions.k8s.io/v1"},
                                 {"response", Value::object({{"uid", review->text_at({"request", "uid"})},
                                                             {"result", std::move(result)},
                                                             {"convertedObjects", Value(std::move(converted))}})}});
    writer.send(200, {}, base::Bytes(reply.to_json()));
  }

  static void convert(schema::Members& spec, bool to_v2) {
    if (to_v2) {
      const Value* host = spec.find("host");
      const Value* port = spec.find("port");
      if (host != nullptr && port != nullptr)
        spec.set("address", base::cat({host->as_string(), ":", port->as_string()}));
      spec.erase("host");
      spec.erase("port");
    } else if (const Value* address = spec.find("address")) {
      std::string text = address->as_string();
      auto colon = text.find(':');
      spec.set("host", text.substr(0, colon));
      spec.set("port", text.substr(colon + 1));
      spec.erase("address");
    }
  }

  // Straight into the store: through the API only https is accepted.
  void define() {
    std::string text = base::cat(
        {R"({"metadata":{"name":"widgets.example.com","uid":"u"},"spec":{"group":"example.com","scope":"Namespaced",)",
         R"("names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},)",
         R"("conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"url":"http://)",
         hook_->address().text(), R"(/convert"}}},"versions":[)",
         R"({"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",)",
         R"("properties":{"host":{"type":"string"},"port":{"type":"string"}}}}}}},)",
         R"({"name":"v2","served":true,"storage":false,"selectableFields":[{"jsonPath":".spec.address"}],"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",)",
         R"("properties":{"address":{"type":"string"}}}}}}}]},"status":{"storedVersions":["v1"]}})"});
    ServedRef served =
        server_.server().registry().catalog().find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    auto object = schema::decode_json(served->type(), text);
    ASSERT_TRUE(object) << object.error().message();
    base::Bytes bytes(served->encode(*object));
    auto written = server_.loop().run_task(server_.store().update(
        served->key("", "widgets.example.com"), [&](const store::Entry*) { return store::Change::put(bytes); }));
    ASSERT_TRUE(written);
    // Each look lets the server's own tasks go on.
    for (int i = 0; i < 1000 && server_.send("GET", std::string(kV2)).status != 200; ++i) continue;
  }

  Value send(std::string method, std::string target, std::string body = "", std::string type = "application/json") {
    auto reply = server_.send(std::move(method), std::move(target), std::move(body), std::move(type));
    status_ = reply.status;
    body_ = reply.body;
    auto tree = Value::parse(reply.body);
    return tree ? std::move(*tree) : Value();
  }

  TestServer server_;
  std::unique_ptr<io::HttpServer> hook_;
  std::string failure_, spoiled_name_;
  int asked_ = 0;
  int status_ = 0;
  std::string body_;
};

TEST_F(Conversion, WhatIsWrittenInOneVersionReadsInTheOther) {
  auto made =
      send("POST", std::string(kV2),
           R"({"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"a"},"spec":{"address":"h:80"}})");
  ASSERT_EQ(status_, 201) << body_;
  EXPECT_EQ(made.text_at({"spec", "address"}), "h:80");
  asked_ = 0;
  EXPECT_EQ(send("GET", std::string(kV1) + "/a").find("spec")->to_json(), R"({"host":"h","port":"80"})");
  EXPECT_EQ(asked_, 0);  // it is stored so
  EXPECT_EQ(send("PATCH", std::string(kV2) + "/a", R"({"spec":{"address":"h:81"}})", "application/merge-patch+json")
                .text_at({"spec", "address"}),
            "h:81");
  EXPECT_EQ(send("GET", std::string(kV1) + "/a").text_at({"spec", "port"}), "81");
}

TEST_F(Conversion, AListIsOneQuestion) {
  for (std::string name : {"a", "b", "c"}) {
    send("POST", std::string(kV1),
         R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":")" + name +
             R"("},"spec":{"host":"h","port":"1"}})");
  }
  asked_ = 0;
  auto list = send("GET", std::string(kV2));
  EXPECT_EQ(asked_, 1);
  ASSERT_EQ(list.find("items")->as_array().size(), 3u);
  EXPECT_EQ(list.find("items")->as_array()[2].text_at({"spec", "address"}), "h:1");
}

TEST_F(Conversion, WatchersSeeTheVersionTheyWatch) {
  auto watch = server_.loop().run_task(server_.admin().watch(std::string(kV2) + "?watch=true"));
  ASSERT_TRUE(watch);
  send("POST", std::string(kV1),
       R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"host":"h","port":"1"}})");
  auto items = server_.loop().run_task((*watch)->next());
  ASSERT_TRUE(items && items->size() == 1);
  EXPECT_NE(items->front().entry->value.view().find(R"("address":"h:1")"), std::string_view::npos);
}

TEST_F(Conversion, FieldsAreSelectedByAsTheyReadInTheVersionAskedFor) {
  std::string selected = std::string(kV2) + "?fieldSelector=spec.address%3Dh:1";
  auto watch = server_.loop().run_task(server_.admin().watch(selected + "&watch=true"));
  ASSERT_TRUE(watch);
  for (std::string name : {"a", "b"}) {
    send("POST", std::string(kV1),
         R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":")" + name +
             R"("},"spec":{"host":"h","port":")" + (name == "a" ? "1" : "2") + R"("}})");
  }
  auto list = send("GET", selected);
  ASSERT_EQ(list.find("items")->as_array().size(), 1u) << body_;
  EXPECT_EQ(list.find("items")->as_array()[0].text_at({"metadata", "name"}), "a");
  send("PATCH", std::string(kV1) + "/a", R"({"spec":{"port":"3"}})", "application/merge-patch+json");
  std::vector<WatchItem::Kind> seen;
  while (seen.size() < 2) {
    auto items = server_.loop().run_task((*watch)->next());
    ASSERT_TRUE(items);
    for (const auto& item : *items) seen.push_back(item.kind);
  }
  EXPECT_EQ(seen, (std::vector<WatchItem::Kind>{WatchItem::Kind::Added, WatchItem::Kind::Deleted}));
  send("DELETE", std::string(kV2) + "?fieldSelector=spec.address%3Dh:2");
  EXPECT_EQ(send("GET", std::string(kV1)).find("items")->as_array().size(), 1u);
}

TEST_F(Conversion, AConversionThatFailsIsToldAndChangesNothing) {
  send("POST", std::string(kV1),
       R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"host":"h","port":"1"}})");
  failure_ = "not today";
  send("GET", std::string(kV2) + "/a");
  EXPECT_EQ(status_, 500);
  EXPECT_NE(body_.find("conversion webhook for example.com/v1, Kind=Widget failed: not today"), std::string::npos)
      << body_;
  send("POST", std::string(kV2),
       R"({"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"b"},"spec":{"address":"h:80"}})");
  EXPECT_EQ(status_, 500);
  failure_.clear();
  spoiled_name_ = "other";
  send("GET", std::string(kV2) + "/a");
  EXPECT_NE(body_.find("must have the same name: a != other"), std::string::npos) << body_;
  spoiled_name_.clear();
  send("GET", std::string(kV1) + "/b");
  EXPECT_EQ(status_, 404);
}

}  // namespace
}  // namespace apiserver::crd
