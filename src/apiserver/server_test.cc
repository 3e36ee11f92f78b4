#include "apiserver/server.h"

#include <gtest/gtest.h>

#include "api/authentication_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/networking_k8s_io_v1.h"
#include "apiserver/local.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/served.h"
#include "apiserver/render/render.h"
#include "base/strings.h"
#include "io/loop.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/resource.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

// Knows one token.
class OneKnown final : public Authenticator {
 public:
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer&) override {
    if (request.headers.get("authorization") == "Bearer janes") co_return User{.name = "jane", .groups = {"devs"}};
    co_return std::nullopt;
  }
};

// Allows masters everything and others nothing.
class MastersOnly final : public Authorizer {
 public:
  std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const override {
    for (const auto& group : attributes.user.groups) {
      if (group == kMastersGroup) return Authorization{.decision = Decision::Allow};
    }
    return Authorization{};
  }
};

// A server on a memory store, talked to from inside the process.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    auto loop = io::Loop::create();
    loop_ = std::move(*loop);
    entered_.emplace(*loop_);
    store_ = store::open_memory({.indexer = make_indexer()});
    server_ = std::make_unique<Server>(ServerOptions{.store = *store_,
                                                     .authenticator = authenticator_,
                                                     .authorizer = authorizer_,
                                                     .clock = base::system_clock(),
                                                     .random = base::system_random(),
                                                     .service_networks = {*base::IpNetwork::parse("10.96.0.0/24")}});
    admin_ = std::make_unique<Local>(*server_, User{.name = "admin", .groups = {std::string(kMastersGroup)}});
    stranger_ = std::make_unique<Local>(*server_, User{.name = "eve"});
    send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"default"}})");
  }
  ~ServerTest() override { store_->close(); }

  Local::Reply send(std::string method, std::string target, std::string body = "",
                    std::string type = "application/json") {
    return loop_->run_task(
        admin_->call(std::move(method), std::move(target), std::move(type), base::Bytes(std::move(body))));
  }
  int status(std::string method, std::string target, std::string body = "", std::string type = "application/json") {
    return send(std::move(method), std::move(target), std::move(body), std::move(type)).status;
  }
  template <class T>
  T object(const Local::Reply& reply) {
    auto decoded = schema::decode_envelope(reply.body.view());
    EXPECT_TRUE(decoded.has_value());
    return decoded ? std::move(*decoded).template take<T>() : T{};
  }

  std::unique_ptr<io::Loop> loop_;
  std::optional<io::Loop::Entered> entered_;
  OneKnown authenticator_;
  MastersOnly authorizer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Local> admin_;
  std::unique_ptr<Local> stranger_;
};

TEST_F(ServerTest, EveryStoredResourceCanBeListedAndAnswersForWhatIsNotThere) {
  for (const schema::Resource& row : schema::resources()) {
    if (row.etcd_key.empty()) continue;
    std::string root =
        row.group.empty() ? "/api/v1" : "/apis/" + std::string(row.group) + "/" + std::string(row.version);
    std::string all = root + (row.namespaced ? "/namespaces/default/" : "/") + std::string(row.plural);
    EXPECT_EQ(status("GET", all), 200) << all;
    EXPECT_EQ(status("GET", all + "/absent"), 404) << all;
    EXPECT_EQ(status("DELETE", all + "/absent"), 404) << all;
    EXPECT_EQ(status("PATCH", all + "/absent", "{}", "application/merge-patch+json"), 404) << all;
    EXPECT_EQ(status("POST", all, "["), 400) << all;
  }
}

TEST_F(ServerTest, AStrangerIsForbiddenWhatAMasterMay) {
  auto reply = loop_->run_task(stranger_->call("GET", "/api/v1/namespaces/default/pods", "", {}));
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(status("GET", "/api/v1/namespaces/default/pods"), 200);
}

TEST_F(ServerTest, OnlyAProxyPassesOnAMethodWithoutAVerb) {
  EXPECT_EQ(status("OPTIONS", "/api/v1/namespaces/default/pods"), 405);
  EXPECT_EQ(status("OPTIONS", "/api/v1/namespaces/default/pods/none/log"), 405);
  EXPECT_NE(status("OPTIONS", "/api/v1/namespaces/default/pods/none/proxy/"), 405);
}

TEST_F(ServerTest, ATokenReviewKnowsEveryTokenThatARequestMayBear) {
  auto review = [&](std::string token) {
    auto reply = send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", R"({"spec":{"token":")" + token + "\"}}");
    EXPECT_EQ(reply.status, 201);
    return object<api::authentication_k8s_io_v1::TokenReview>(reply);
  };
  auto known = review("janes");
  EXPECT_TRUE(known.status.authenticated);
  EXPECT_EQ(known.status.user.username, "jane");
  auto unknown = review("nobodys");
  EXPECT_FALSE(unknown.status.authenticated);
  EXPECT_NE(unknown.status.error, "");
}

TEST(Renderer, AnEventOnAProtobufStreamHasALengthAndNoEnvelope) {
  auto frame = Renderer::render_error_event(base::Error(base::Code::Expired, "too old"), MediaType::Protobuf);
  auto bytes = frame.view();
  ASSERT_GT(bytes.size(), 11u);
  EXPECT_EQ(bytes.substr(4, 7), std::string_view("\x0a\x05"
                                                 "ERROR"));
  uint32_t length = 0;
  for (char byte : bytes.substr(0, 4)) length = length << 8 | static_cast<uint8_t>(byte);
  EXPECT_EQ(length, bytes.size() - 4);
}

TEST(Renderer, APartialListOfNothingHasNullForItems) {
  Served pods(*schema::find_resource("", "v1", "pods"));
  Answer answer;
  answer.served = &pods;
  answer.page.emplace();
  auto text = Renderer(base::system_clock(), 0).render(answer, {.view = View::PartialMetadataList}, Query(""));
  ASSERT_TRUE(text);
  EXPECT_NE(text->view().find("\"items\":null"), std::string_view::npos);
}

// componentstatuses are made for the answer and never stored.
TEST(Renderer, AListThatIsMadeForTheAnswerIsATableOfItsItems) {
  Served statuses(*schema::find_resource("", "v1", "componentstatuses"));
  core::ComponentStatusList list;
  for (const char* name : {"etcd-0", "scheduler"}) {
    auto& status = list.items.emplace_back();
    status.metadata.name = name;
    auto& condition = status.conditions.emplace_back();
    condition.type = "Healthy";
    condition.status = "True";
    condition.message = "ok";
  }
  auto answer = Answer::of(schema::Object(std::move(list)), 200, &statuses);
  auto text = Renderer(base::system_clock(), 0).render(answer, {.view = View::Table}, Query(""));
  ASSERT_TRUE(text);
  auto table = schema::Value::parse(text->view());
  ASSERT_TRUE(table) << text->view();
  EXPECT_EQ(table->find("columnDefinitions")->as_array().size(), 4u);
  ASSERT_EQ(table->find("rows")->as_array().size(), 2u);
  EXPECT_EQ(table->find("rows")->as_array()[1].find("cells")->to_json(), R"(["scheduler","Healthy","ok",""])");
}

TEST_F(ServerTest, RequestsAreCountedByWhatTheyWereAbout) {
  send("GET", "/api/v1/namespaces/default/configmaps/absent");
  send("GET", "/api/v1/namespaces/default/configmaps");
  send("GET", "/apis/made.up/v1/namespaces/default/things");
  auto text = server_->metrics().to_text();
  auto counted = [](std::string code, std::string scope, std::string verb) {
    return "\napiserver_request_total{code=\"" + code +
           R"(",component="apiserver",dry_run="",group="",resource="configmaps",scope=")" + scope +
           R"(",subresource="",verb=")" + verb + "\",version=\"v1\"} 1\n";
  };
  EXPECT_NE(text.find(counted("404", "resource", "GET")), std::string::npos) << text;
  EXPECT_NE(text.find(counted("200", "namespace", "LIST")), std::string::npos) << text;
  EXPECT_EQ(text.find("made.up"), std::string::npos) << text;
}

TEST_F(ServerTest, AdmissionIsTimedByPlugInAndVerdict) {
  send("POST", "/api/v1/namespaces/nowhere/configmaps", R"({"metadata":{"name":"a"}})");
  send("POST", "/api/v1/namespaces/default/pods?dryRun=All", R"({"metadata":{"name":"a"}})");
  auto text = server_->metrics().to_text();
  auto timed = [&](std::string labels) { return text.find(labels) != std::string::npos; };
  EXPECT_TRUE(timed(R"(apiserver_admission_controller_admission_duration_seconds_count{name="NamespaceLifecycle",)"
                    R"(operation="CREATE",rejected="true",type="admit"})"))
      << text;
  EXPECT_TRUE(timed(R"(apiserver_admission_controller_admission_duration_seconds_count{name="NamespaceLifecycle",)"
                    R"(operation="CREATE",rejected="false",type="admit"})"));
  EXPECT_TRUE(timed(R"(apiserver_admission_step_admission_duration_seconds_count{)"
                    R"(operation="CREATE",rejected="true",type="admit"})"));
}

TEST_F(ServerTest, AnUpdateWithAStaleRevisionIsAConflict) {
  auto made =
      object<core::ConfigMap>(send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})"));
  auto sent = made;
  sent.data["k"] = "1";
  EXPECT_EQ(status("PUT", "/api/v1/namespaces/default/configmaps/a", schema::to_json(sent)), 200);
  sent.data["k"] = "2";
  EXPECT_EQ(status("PUT", "/api/v1/namespaces/default/configmaps/a", schema::to_json(sent)), 409);
}

TEST_F(ServerTest, AnUpdateThatChangesNothingKeepsTheRevision) {
  auto made =
      object<core::ConfigMap>(send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})"));
  auto again = object<core::ConfigMap>(
      send("PATCH", "/api/v1/namespaces/default/configmaps/a", "{}", "application/merge-patch+json"));
  EXPECT_EQ(again.metadata.resource_version, made.metadata.resource_version);
}

// A patch is made on compact text; upstream compares what was written.
TEST_F(ServerTest, RawDataThatIsWrittenAnewWithoutItsSpacesIsOther) {
  std::string revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";
  std::string labels = R"({"metadata":{"labels":{"l":"1"}}})";
  send("POST", revisions, R"({"metadata":{"name":"spaced"},"revision":1,"data":{"a": 1}})");
  send("POST", revisions, R"({"metadata":{"name":"compact"},"revision":1,"data":{"a":1}})");
  EXPECT_EQ(status("PATCH", revisions + "/spaced", labels, "application/merge-patch+json"), 422);
  EXPECT_EQ(status("PATCH", revisions + "/compact", labels, "application/merge-patch+json"), 200);
}

TEST_F(ServerTest, WhoAsksOwnsWhatTheQuestionSays) {
  std::string reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  auto asked = send("POST", reviews, R"({"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}})");
  EXPECT_EQ(asked.status, 201);
  EXPECT_NE(asked.body.view().find("f:resourceAttributes"), std::string_view::npos);
  auto refused = send("POST", reviews, R"({"metadata":{"name":"x"},"spec":{"resourceAttributes":{"verb":"get"}}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.view().find("managedFields"), std::string_view::npos);
}

TEST_F(ServerTest, AResizeOfWhatItCannotResizeIsStillAWriteByItsManager) {
  std::string pods = "/api/v1/namespaces/default/pods";
  send("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  auto made = object<api::core_v1::Pod>(
      send("POST", pods, R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})"));
  auto resized = object<api::core_v1::Pod>(send("PATCH", pods + "/p/resize",
                                                R"({"spec":{"containers":[{"name":"c","image":"other"}]}})",
                                                "application/strategic-merge-patch+json"));
  EXPECT_EQ(resized.spec.containers.at(0).image, "i");
  EXPECT_NE(resized.metadata.resource_version, made.metadata.resource_version);
  EXPECT_EQ(resized.metadata.managed_fields.back().subresource, "resize");
}

TEST_F(ServerTest, AFinalizerHoldsAnObjectUntilItIsTakenOff) {
  send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a","finalizers":["example.com/f"]}})");
  EXPECT_EQ(status("DELETE", "/api/v1/namespaces/default/configmaps/a"), 200);
  EXPECT_EQ(status("GET", "/api/v1/namespaces/default/configmaps/a"), 200);
  EXPECT_EQ(status("PATCH", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"finalizers":null}})",
                   "application/merge-patch+json"),
            200);
  EXPECT_EQ(status("GET", "/api/v1/namespaces/default/configmaps/a"), 404);
}

TEST_F(ServerTest, ADryRunChangesNothing) {
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", R"({"metadata":{"name":"a"}})"), 201);
  EXPECT_EQ(status("GET", "/api/v1/namespaces/default/configmaps/a"), 404);
}

TEST_F(ServerTest, PagesOfAListJoinToTheWhole) {
  for (char c = 'a'; c <= 'g'; ++c) {
    send("POST", "/api/v1/namespaces/default/configmaps", std::string(R"({"metadata":{"name":")") + c + R"("}})");
  }
  size_t seen = 0;
  std::string token;
  do {
    auto page = loop_->run_task(admin_->list("/api/v1/namespaces/default/configmaps?limit=3&continue=" + token));
    ASSERT_TRUE(page.has_value());
    EXPECT_LE(page->entries.size(), 3u);
    seen += page->entries.size();
    token = page->continue_token;
  } while (!token.empty());
  EXPECT_EQ(seen, 7u);
}

TEST_F(ServerTest, LabelsOfWhatIsKeptAsJsonAreSelectedToo) {
  std::string all = "/apis/apiregistration.k8s.io/v1/apiservices";
  send(
      "POST", all,
      R"({"metadata":{"name":"v1.example.com","labels":{"a":"b"}},"spec":{"group":"example.com","version":"v1",)"
      R"("groupPriorityMinimum":1,"versionPriority":1,"service":{"namespace":"default","name":"x"},"insecureSkipTLSVerify":true}})");
  auto page = loop_->run_task(admin_->list(all + "?labelSelector=a%3Db"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.size(), 1U);
  EXPECT_TRUE(loop_->run_task(admin_->list(all + "?labelSelector=a%3Dc"))->entries.empty());
}

TEST_F(ServerTest, AWatchOfANamedObjectIsAboutNoOther) {
  std::string all = "/api/v1/namespaces/default/configmaps";
  for (std::string name : {"a", "b"}) send("POST", all, R"({"metadata":{"name":")" + name + R"("}})");
  auto watch = loop_->run_task(admin_->watch("/api/v1/watch/namespaces/default/configmaps/b?timeoutSeconds=9"));
  ASSERT_TRUE(watch);
  auto items = loop_->run_task((*watch)->next());
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 1U);
  EXPECT_TRUE((*items)[0].entry->key.ends_with("/b"));
  EXPECT_FALSE(
      loop_->run_task(admin_->watch("/api/v1/watch/namespaces/default/configmaps/b?fieldSelector=metadata.name%3Da")));
}

TEST_F(ServerTest, PartsOfAnotherNamespaceAreRefused) {
  std::string pods = "/api/v1/namespaces/default/pods";
  send("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  ASSERT_EQ(status("POST", pods, R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})"), 201);
  EXPECT_EQ(
      status("POST", pods + "/p/binding", R"({"metadata":{"name":"p","namespace":"other"},"target":{"name":"n"}})"),
      400);
  EXPECT_EQ(status("POST", pods + "/p/binding", R"({"metadata":{"name":"p"},"target":{}})"), 500);
  EXPECT_EQ(status("POST", pods + "/p/eviction",
                   R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p","namespace":"other"}})"),
            400);
}

TEST_F(ServerTest, AWatchSeesWhatEntersAndLeavesItsSelection) {
  auto stream = loop_->run_task(admin_->watch("/api/v1/namespaces/default/configmaps?labelSelector=x%3D1"));
  ASSERT_TRUE(stream.has_value());
  send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})");
  send("PATCH", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"labels":{"x":"1"}}})",
       "application/merge-patch+json");
  send("PATCH", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"labels":{"x":"2"}}})",
       "application/merge-patch+json");
  std::vector<WatchItem::Kind> kinds;
  while (kinds.size() < 2) {
    auto items = loop_->run_task((*stream)->next());
    ASSERT_TRUE(items.has_value());
    for (const auto& item : *items) kinds.push_back(item.kind);
  }
  EXPECT_EQ(kinds, (std::vector{WatchItem::Kind::Added, WatchItem::Kind::Deleted}));
}

TEST_F(ServerTest, ServicesShareNoAddressAndNoPort) {
  std::set<std::string> addresses;
  std::set<int32_t> ports;
  for (int i = 0; i < 40; ++i) {
    auto reply = send("POST", "/api/v1/namespaces/default/services",
                      R"({"metadata":{"generateName":"s-"},"spec":{"type":"NodePort","ports":[{"port":80}]}})");
    ASSERT_EQ(reply.status, 201);
    auto service = object<core::Service>(reply);
    EXPECT_TRUE(addresses.insert(service.spec.cluster_ip).second);
    EXPECT_TRUE(ports.insert(service.spec.ports[0].node_port).second);
  }
}

TEST_F(ServerTest, ADeletedServiceGivesItsAddressAndPortBack) {
  constexpr const char* kBody =
      R"({"metadata":{"name":"a"},"spec":{"type":"NodePort","clusterIP":"10.96.0.9","ports":[{"port":80,"nodePort":30123}]}})";
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services", kBody), 201);
  EXPECT_EQ(status("DELETE", "/api/v1/namespaces/default/services/a"), 200);
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services", kBody), 201);
}

// What a service has that is gone without having given it back; or the other way round.
struct RepairTest : ServerTest {
  static constexpr const char* kBody =
      R"({"metadata":{"name":"a"},"spec":{"type":"NodePort","clusterIP":"10.96.0.9","ports":[{"port":80,"nodePort":30123}]}})";
  void lose(std::string key) {
    auto gone = loop_->run_task(store_->update(
        key, [](const store::Entry*) -> base::Result<store::Change> { return store::Change::remove(); }));
    ASSERT_TRUE(gone.has_value());
  }
  std::vector<std::string> repair() {
    std::vector<std::string> told;
    auto findings = loop_->run_task(server_->registry().allocations().repair(leaks_));
    EXPECT_TRUE(findings.has_value());
    for (auto& finding : *findings)
      told.push_back(base::cat({finding.about.name, " ", finding.reason, ": ", finding.message}));
    return told;
  }
  Allocations::Leaks leaks_;
};

TEST_F(RepairTest, GivesBackWhatNoServiceUsesOnceNobodyCanBeWritingIt) {
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services", kBody), 201);
  lose("/registry/services/specs/default/a");
  EXPECT_EQ(repair(), std::vector<std::string>{});
  EXPECT_EQ(repair(), std::vector<std::string>{});
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services", kBody), 422);
  // An address of long ago.
  auto address =
      object<api::networking_k8s_io_v1::IPAddress>(send("GET", "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.9"));
  address.metadata.creation_timestamp.seconds -= 100;
  base::Bytes old(schema::encode_envelope(schema::Object(std::move(address))));
  auto aged = loop_->run_task(
      store_->update("/registry/ipaddresses/10.96.0.9",
                     [&](const store::Entry*) -> base::Result<store::Change> { return store::Change::put(old); }));
  ASSERT_TRUE(aged.has_value());
  EXPECT_EQ(repair(), std::vector<std::string>{"10.96.0.9 IPAddressNotAllocated: IPAddress: 10.96.0.9 for Service "
                                               "default/a appears to have leaked: cleaning up"});
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services", kBody), 201);
}

TEST_F(RepairTest, RecordsAgainWhatServicesUse) {
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services", kBody), 201);
  lose("/registry/ipaddresses/10.96.0.9");
  lose("/registry/ranges/servicenodeports");
  EXPECT_EQ(repair(), (std::vector<std::string>{
                          "a ClusterIPNotAllocated: Cluster IP [IPv4]: 10.96.0.9 is not allocated; repairing",
                          "a PortNotAllocated: Port 30123 is not allocated; repairing"}));
  EXPECT_EQ(repair(), std::vector<std::string>{});
  EXPECT_EQ(status("GET", "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.9"), 200);
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/services",
                   R"({"metadata":{"name":"b"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30123}]}})"),
            422);
}

TEST_F(ServerTest, OwnersThatAreThereTwiceAreKeptOnceWithAWarning) {
  constexpr const char* kOwner = R"({"apiVersion":"v1","kind":"Pod","name":"p","uid":"u1"})";
  std::string body = base::cat({R"({"metadata":{"name":"a","ownerReferences":[)", kOwner, ",", kOwner, "]}}"});
  auto reply = send("POST", "/api/v1/namespaces/default/configmaps", body);
  ASSERT_EQ(reply.status, 201);
  EXPECT_EQ(object<core::ConfigMap>(reply).metadata.owner_references.size(), 1u);
}

TEST_F(ServerTest, ABoundPodIsNotBoundAgain) {
  send("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/pods",
                   R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})"),
            201);
  constexpr const char* kBinding =
      R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"name":"n1"}})";
  auto pod = object<core::Pod>(send("GET", "/api/v1/namespaces/default/pods/p"));
  pod.status.nominated_node_name = "n2";
  EXPECT_EQ(status("PUT", "/api/v1/namespaces/default/pods/p/status", schema::to_json(schema::Object(pod))), 200);
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/pods/p/binding", kBinding), 201);
  auto bound = object<core::Pod>(send("GET", "/api/v1/namespaces/default/pods/p"));
  EXPECT_EQ(bound.spec.node_name, "n1");
  EXPECT_EQ(bound.status.nominated_node_name, "") << "it is there";
  EXPECT_EQ(status("POST", "/api/v1/namespaces/default/pods/p/binding", kBinding), 409);
}

TEST_F(ServerTest, NothingIsMadeInANamespaceThatIsNotThereOrGoes) {
  EXPECT_EQ(status("POST", "/api/v1/namespaces/absent/configmaps", R"({"metadata":{"name":"a"}})"), 404);
  send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"leaving"}})");
  EXPECT_EQ(status("DELETE", "/api/v1/namespaces/leaving"), 200);
  EXPECT_EQ(status("POST", "/api/v1/namespaces/leaving/configmaps", R"({"metadata":{"name":"a"}})"), 403);
}

}  // namespace
}  // namespace apiserver
