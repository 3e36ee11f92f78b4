#include "schema/defaults.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/resource.h"
#include "schema/shared_facts.h"

namespace schema {
namespace {

template <class T>
std::string defaulted(std::string_view json) {
  Object object(from_json<T>(json).value());
  apply_defaults(object);
  std::string once = to_json(object);
  apply_defaults(object);
  EXPECT_EQ(to_json(object), once);
  return once;
}

template <class T>
Value tree(std::string_view json) {
  return Value::parse(defaulted<T>(json)).value();
}

TEST(Defaults, AMinimalPod) {
  EXPECT_EQ(
      defaulted<api::core_v1::Pod>(R"({"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"img"}]}})"),
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"img",)"
      R"("resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",)"
      R"("imagePullPolicy":"Always"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,)"
      R"("dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler","enableServiceLinks":true},)"
      R"("status":{}})");
}

TEST(Defaults, PullPolicyFollowsTheTag) {
  auto policy = [](std::string image) {
    Value pod = tree<api::core_v1::Pod>(R"({"spec":{"containers":[{"name":"c","image":")" + image + R"("}]}})");
    return pod.at({"spec", "containers"})->as_array()[0].text_at({"imagePullPolicy"}) == "Always";
  };
  for (const char* image : {"a", "a:latest", "r.io:5000/a", "R.io/a/b", "localhost/a", "a:latest@sha256:0"})
    EXPECT_TRUE(policy(image)) << image;
  for (const char* image : {"a:v1", "r.io/a:v1", "a@sha256:0", "", "UPPER", "a b", "a:"})
    EXPECT_FALSE(policy(image)) << image;
}

TEST(Defaults, RequestsComeFromLimitsAndAreRoundedUp) {
  Value pod = tree<api::core_v1::Pod>(
      R"({"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1500u","memory":"1Gi"},
                                         "requests":{"cpu":"1m"}}}]}})");
  EXPECT_EQ(pod.at({"spec", "containers"})->as_array()[0].find("resources")->to_json(),
            R"({"limits":{"cpu":"2m","memory":"1Gi"},"requests":{"cpu":"1m","memory":"1Gi"}})");
}

TEST(Defaults, PodLevelRequestsComeFromContainersThenFromLimits) {
  Value pod = tree<api::core_v1::Pod>(
      R"({"spec":{"resources":{"limits":{"cpu":"4","memory":"1Gi"}},
          "initContainers":[{"name":"i","resources":{"requests":{"cpu":"3"}}},
                            {"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}}],
          "containers":[{"name":"a","resources":{"requests":{"cpu":"500m"}}},{"name":"b","resources":{"requests":{"cpu":"500m"}}}]}})");
  EXPECT_EQ(pod.at({"spec", "resources", "requests"})->to_json(), R"({"cpu":"3","memory":"1Gi"})");
}

TEST(Defaults, ConditionsGuardRules) {
  auto traffic = [](std::string spec) {
    return std::string(
        tree<api::core_v1::Service>(R"({"spec":)" + spec + "}").text_at({"spec", "externalTrafficPolicy"}));
  };
  EXPECT_EQ(traffic("{}"), "");
  EXPECT_EQ(traffic(R"({"type":"NodePort"})"), "Cluster");
  EXPECT_EQ(traffic(R"({"type":"NodePort","externalTrafficPolicy":"Local"})"), "Local");
  EXPECT_EQ(traffic(R"({"externalIPs":["1.2.3.4"]})"), "Cluster");
  Value service = tree<api::core_v1::Service>(R"({"spec":{"sessionAffinity":"ClientIP","ports":[{"port":80}]}})");
  EXPECT_EQ(service.at({"spec", "sessionAffinityConfig"})->to_json(), R"({"clientIP":{"timeoutSeconds":10800}})");
  EXPECT_EQ(service.at({"spec", "ports"})->to_json(), R"([{"protocol":"TCP","port":80,"targetPort":80}])");
  Value none = tree<api::core_v1::Service>(R"({"spec":{"sessionAffinityConfig":{"clientIP":{"timeoutSeconds":5}}}})");
  EXPECT_EQ(none.at({"spec", "sessionAffinityConfig"}), nullptr);
}

TEST(Defaults, ListsAreDefaultedItemByItem) {
  Value list = tree<api::core_v1::SecretList>(R"({"items":[{"metadata":{"name":"a"}},{"type":"x"}]})");
  EXPECT_EQ(list.find("items")->as_array()[0].text_at({"type"}), "Opaque");
  EXPECT_EQ(list.find("items")->as_array()[1].text_at({"type"}), "x");
}

TEST(Defaults, TimesComeFromTheClock) {
  base::FakeClock clock;
  Object slice(from_json<api::resource_k8s_io_v1::ResourceSlice>(
                   R"({"spec":{"devices":[{"name":"d","taints":[{"key":"k","effect":"NoExecute"}]}]}})")
                   .value());
  apply_defaults(slice, clock);
  EXPECT_NE(to_json(slice).find(R"("timeAdded":"2023-11-14T22:13:20Z")"), std::string::npos);
}

// What a server adds to an object beyond its defaults, by path.
bool is_of_write_path(std::string_view resource, const std::string& path) {
  static const re2::RE2 kAnywhere(
      R"(/metadata/(namespace|uid|generation|creationTimestamp|resourceVersion|managedFields|finalizers)(/.*)?|/status(/.*)?|/kind|/apiVersion)");
  static const std::map<std::string_view, const char*> kOf = {
      {"v1/pods",
       R"(/spec/(serviceAccountName|serviceAccount|tolerations|priority|preemptionPolicy|priorityClassName)(/.*)?|/spec/volumes(/.*)?|/spec/(initC|c)ontainers/\d+/volumeMounts(/.*)?)"},
      {"v1/services", R"(/spec/(clusterIPs?|ipFamilies|ipFamilyPolicy|healthCheckNodePort|ports/\d+/nodePort)(/.*)?)"},
      {"batch/v1/jobs", R"(/spec/selector(/.*)?|(/spec/template)?/metadata(/labels)?(/.*)?)"},
      {"autoscaling/v1/horizontalpodautoscalers", R"(/spec/targetCPUUtilizationPercentage)"},
      {"v1/persistentvolumeclaims", R"(/spec/(storageClassName|dataSourceRef)(/.*)?)"},
      {"v1/namespaces", R"(/spec(/finalizers)?(/.*)?)"},
      {"v1/nodes", R"(/spec/taints(/.*)?)"},
      {"apps/v1/daemonsets", R"(/metadata/annotations(/.*)?)"},
      {"certificates.k8s.io/v1/certificatesigningrequests", R"(/spec/(request|username|groups|uid|extra)(/.*)?)"},
      {"v1/secrets", R"(/data(/.*)?|/stringData(/.*)?)"},
  };
  if (re2::RE2::FullMatch(path, kAnywhere)) return true;
  auto own = kOf.find(resource);
  return own != kOf.end() && re2::RE2::FullMatch(path, own->second);
}

void differences(const Value* have, const Value* want, const std::string& path, std::vector<std::string>& out) {
  if (have != nullptr && want != nullptr && have->is_object() && want->is_object()) {
    for (const Member& member : want->as_object())
      differences(have->find(member.key), &member.value, path + "/" + member.key, out);
    for (const Member& member : have->as_object()) {
      if (!want->as_object().contains(member.key)) differences(&member.value, nullptr, path + "/" + member.key, out);
    }
  } else if (have != nullptr && want != nullptr && have->is_array() && want->is_array()) {
    size_t size = std::max(have->as_array().size(), want->as_array().size());
    for (size_t i = 0; i < size; ++i) {
      auto at = [&](const Value* list) { return i < list->as_array().size() ? &list->as_array()[i] : nullptr; };
      differences(at(have), at(want), path + "/" + std::to_string(i), out);
    }
  } else if (have == nullptr || want == nullptr || !(*have == *want)) {
    out.push_back(path);
  }
}

// An empty object and an absent one, null and absent: no difference of defaults.
bool is_nothing(const Value* value) {
  return value == nullptr || value->is_null() || (value->is_object() && value->as_object().empty());
}

const Value* at_path(const Value& value, std::string_view path) {
  const Value* found = &value;
  for (std::string_view key : base::split(path.substr(1), '/')) {
    if (found->is_array()) {
      size_t i = static_cast<size_t>(*base::parse_int(key));
      found = i < found->as_array().size() ? &found->as_array()[i] : nullptr;
    } else {
      found = found->find(key);
    }
    if (found == nullptr) break;
  }
  return found;
}

// That what was sent, defaulted, is what a server made of it but for its write path.
void expect_defaults(std::string_view name, const Resource& resource, const Value& sent, const Value& made) {
  std::string json = sent.to_json();
  if (size_t at = json.find("\\u003ccsr\\u003e"); at != std::string::npos) json.replace(at, 15, "Y3Ny");
  auto object = decode_json(*resource.type, json);
  ASSERT_TRUE(object) << name << " " << object.error().message();
  apply_defaults(*object);
  Value have = Value::parse(to_json(*object)).value();
  std::vector<std::string> paths;
  differences(&have, &made, "", paths);
  for (const std::string& path : paths) {
    if (is_of_write_path(name, path)) continue;
    const Value *ours = at_path(have, path), *theirs = at_path(made, path);
    if (is_nothing(ours) && is_nothing(theirs)) continue;
    ADD_FAILURE() << name << " " << path << ": " << (ours ? ours->to_json() : "absent") << ", a server has "
                  << (theirs ? theirs->to_json() : "nothing") << "\n"
                  << json;
  }
}

TEST(Defaults, SamplesOfARealServerDifferOnlyByItsWritePath) {
  NEED_SHARED(facts, "api/samples.json");
  size_t tried = 0;
  for (const Value& sample : facts.find("samples")->as_array()) {
    std::string_view name = sample.text_at({"resource"});
    std::vector<std::string_view> parts = base::split(name, '/');
    const Resource* resource =
        parts.size() == 2 ? find_resource("", parts[0], parts[1]) : find_resource(parts[0], parts[1], parts[2]);
    if (resource == nullptr) continue;
    expect_defaults(name, *resource, *sample.find("in"), *sample.find("out"));
    ++tried;
  }
  EXPECT_GT(tried, 50u);
}

TEST(Defaults, RecordedCreationsDifferOnlyByTheWritePath) {
  NEED_SHARED(corpus, "golden/cases/defaulting.json");
  size_t tried = 0;
  for (const Value& example : corpus.find("cases")->as_array()) {
    for (const Value& step : example.find("steps")->as_array()) {
      const Value* sent = step.find("body");
      const Value* made = step.at({"expect", "body"});
      if (step.text_at({"method"}) != "POST" || sent == nullptr || made == nullptr || !made->find("metadata") ||
          made->text_at({"kind"}) == "Status") {
        continue;
      }
      std::string path(step.text_at({"path"}));
      path = path.substr(1, path.find('?') - 1);
      std::vector<std::string_view> parts = base::split(path, '/');
      bool core = parts[0] == "api";
      std::string_view group = core ? "" : parts[1], version = core ? parts[1] : parts[2];
      const Resource* resource = find_resource(group, version, parts.back());
      if (resource == nullptr) continue;
      std::string name = base::cat({group, core ? "" : "/", version, "/", parts.back()});
      SCOPED_TRACE(example.text_at({"name"}));
      expect_defaults(name, *resource, *sent, *made);
      ++tried;
    }
  }
  EXPECT_GT(tried, 30u);
}

}  // namespace
}  // namespace schema
