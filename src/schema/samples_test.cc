// Objects that a real server made, through every codec.
#include <gtest/gtest.h>

#include <functional>

#include "base/strings.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/resource.h"
#include "schema/shared_facts.h"

namespace schema {
namespace {

// Puts values in place of what the recordings leave open.
std::string filled(std::string json) {
  for (std::string_view name : {"now", "time", "microtime", "csr"}) {
    std::string open = base::cat({"\"\\u003c", name, "\\u003e\""});
    std::string_view value = name == "csr"         ? "\"Y3Ny\""
                             : name == "microtime" ? "\"2026-01-02T03:04:05.678900Z\""
                                                   : "\"2026-01-02T03:04:05Z\"";
    for (size_t at; (at = json.find(open)) != std::string::npos;) json.replace(at, open.size(), value);
  }
  return json;
}

// Without what an object's type says by itself.
std::string without_type_meta(std::string_view json) {
  auto value = Value::parse(json);
  if (!value || !value->is_object()) return std::string(json);
  value->as_object().erase("kind");
  value->as_object().erase("apiVersion");
  return value->to_json();
}

bool same_json(const std::string& a, const std::string& b) {
  auto left = Value::parse(a), right = Value::parse(b);
  return left && right && *left == *right;
}

// What a server wrote comes out of each codec as it went in.
void expect_round_trip(const Type& type, const std::string& json) {
  std::vector<std::string> strict;
  auto object = decode_json(type, json, &strict);
  ASSERT_TRUE(object) << object.error().message() << "\n" << json;
  EXPECT_TRUE(strict.empty()) << strict.front() << "\n" << json;
  std::string written = without_type_meta(to_json(*object));
  EXPECT_TRUE(same_json(written, without_type_meta(json))) << written << "\n" << json;

  auto from_protobuf = decode_envelope(encode_envelope(*object));
  ASSERT_TRUE(from_protobuf) << from_protobuf.error().message() << "\n" << json;
  EXPECT_TRUE(*from_protobuf == *object) << json;
  EXPECT_EQ(to_json(*from_protobuf), to_json(*object));
}

TEST(Samples, SentObjectsDecodeAndStoredObjectsComeOutAsTheyWentIn) {
  NEED_SHARED(facts, "api/samples.json");
  size_t tried = 0;
  for (const Value& sample : facts.find("samples")->as_array()) {
    std::string_view path = sample.text_at({"resource"});
    std::vector<std::string_view> parts = base::split(path, '/');
    std::string_view group = parts.size() == 3 ? parts[0] : "";
    const Resource* resource = find_resource(group, parts[parts.size() - 2], parts.back());
    if (resource == nullptr) continue;  // of a version that is off by default
    SCOPED_TRACE(path);
    auto sent = decode_json(*resource->type, filled(sample.find("in")->to_json()));
    EXPECT_TRUE(sent) << sent.error().message();
    expect_round_trip(*resource->type, filled(sample.find("out")->to_json()));
    ++tried;
  }
  EXPECT_GE(tried, 40u);
}

// Every object of a kind we know in the server's recorded answers.
void visit_objects(const Value& value, const std::function<void(const Type&, const Value&)>& visit) {
  if (value.is_array()) {
    for (const Value& element : value.as_array()) visit_objects(element, visit);
  }
  if (!value.is_object()) return;
  const Type* type = find_kind(value.text_at({"apiVersion"}), value.text_at({"kind"}));
  if (type != nullptr) return visit(*type, value);
  if (value.find("kind") != nullptr && value.find("apiVersion") != nullptr) return;  // a custom resource
  for (const auto& member : value.as_object()) visit_objects(member.value, visit);
}

TEST(Samples, RecordedAnswersComeOutAsTheyWentIn) {
  size_t tried = 0;
  for (const char* topic :
       {"lifecycle", "update", "defaulting", "services", "crd", "scale", "patch-json", "patch-merge", "subresource",
        "patch-strategic", "rbac", "rbac-defaults", "list", "managedfields", "apply", "warnings"}) {
    NEED_SHARED(recorded, std::string("golden/cases/") + topic + ".json");
    for (const Value& recorded_case : recorded.find("cases")->as_array()) {
      SCOPED_TRACE(recorded_case.text_at({"name"}));
      if (recorded_case.find("ignore") != nullptr) continue;
      for (const Value& step : recorded_case.find("steps")->as_array()) {
        const Value* body = step.at({"expect", "body"});
        if (body == nullptr || step.find("ignore") != nullptr || step.find("only") != nullptr) continue;
        visit_objects(*body, [&](const Type& type, const Value& object) {
          std::string json = filled(object.to_json());
          // The recordings have texts for numbers that vary.
          if (json.find("\"\\u003cnodePort") != std::string::npos || json.find("\\u003crandom") != std::string::npos ||
              json.find("\"\\u003cunix") != std::string::npos ||
              type.name == "Table") {  // its recordings lack the columns' descriptions

            return;
          }
          expect_round_trip(type, json);
          ++tried;
        });
      }
    }
  }
  EXPECT_GE(tried, 500u);
}

// What a server answered to bodies it could not read: "ConfigMap in version "v1" cannot be handled as a ConfigMap:
// ...".
TEST(Samples, RecordedComplaintsAreOurs) {
  constexpr std::string_view kBorder = " cannot be handled as a ", kStrict = "strict decoding error: ";
  size_t tried = 0;
  for (const char* topic :
       {"fieldvalidation", "http", "validation", "update", "defaulting", "crd", "services", "lifecycle"}) {
    NEED_SHARED(recorded, std::string("golden/cases/") + topic + ".json");
    for (const Value& recorded_case : recorded.find("cases")->as_array()) {
      SCOPED_TRACE(recorded_case.text_at({"name"}));
      for (const Value& step : recorded_case.find("steps")->as_array()) {
        std::string_view message = step.text_at({"expect", "body", "message"});
        size_t border = message.find(kBorder);
        if (border == std::string_view::npos || message.find("unknown conversion") != std::string_view::npos) continue;
        size_t colon = message.find(": ", border);
        std::string_view kind = message.substr(border + kBorder.size(), colon - border - kBorder.size());
        std::string_view wanted = message.substr(colon + 2);
        const Value* body = step.find("body");
        std::string json = body != nullptr ? body->to_json() : std::string(step.text_at({"rawBody"}));
        auto type_meta = read_type_meta(json);
        if (!type_meta) continue;  // YAML
        const Type* type = find_kind(type_meta->api_version, kind);
        if (type == nullptr) continue;  // a custom resource
        std::vector<std::string> strict;
        auto object = decode_json(*type, json, &strict);
        std::string got = object ? base::cat({kStrict, base::join(strict, ", ")}) : object.error().message();
        EXPECT_EQ(got, wanted) << json;
        ++tried;
      }
    }
  }
  EXPECT_GE(tried, 100u);
}

}  // namespace
}  // namespace schema
