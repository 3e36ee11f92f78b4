// What the default admission steps cost for a pod, without webhooks. Budget: 30 us of processor time.

#include <benchmark/benchmark.h>

#include "api/core_v1.h"
#include "apiserver/admission/list.h"
#include "apiserver/admission/plugin.h"
#include "apiserver/testing_server.h"
#include "base/strings.h"
#include "schema/defaults.h"

namespace {

using namespace apiserver;
namespace core = api::core_v1;

// A namespace with an account, limits, a quota that has room, and pod security enforced and warned of.
class World {
 public:
  World() {
    server_.send("POST", "/api/v1/namespaces",
                 R"({"metadata":{"name":"team","labels":{"pod-security.kubernetes.io/enforce":"baseline",)"
                 R"("pod-security.kubernetes.io/warn":"restricted"}}})");
    auto make = [&](std::string_view what, std::string body) {
      auto reply = server_.send("POST", base::cat({"/api/v1/namespaces/team/", what}), std::move(body));
      if (reply.status != 201) std::abort();
    };
    make("serviceaccounts", R"({"metadata":{"name":"default"}})");
    make("limitranges",
         R"({"metadata":{"name":"l"},"spec":{"limits":[{"type":"Container","default":{"cpu":"1","memory":"1Gi"}}]}})");
  }

  base::Result<void> run(core::Pod pod) {
    schema::Object object(std::move(pod));
    schema::apply_defaults(object);
    auto& registry = server_.server().registry();
    std::vector<std::string> warnings;
    Attempt attempt{.operation = Operation::Create,
                    .served = registry.catalog().of<core::Pod>(),
                    .subresource = "",
                    .namespace_ = "team",
                    .name = "p",
                    .user = user_,
                    .object = &object,
                    .warnings = warnings,
                    .reader = registry.reader(),
                    .now = registry.now()};
    return server_.loop().run_task([](const AdmissionChain& chain, Attempt& attempt) -> io::Task<base::Result<void>> {
      CO_TRY(co_await chain.admit(attempt));
      co_return co_await chain.validate(attempt);
    }(chain_, attempt));
  }

 private:
  class Everything final : public Authorizer {
   public:
    std::optional<Authorization> decide(const AuthorizationAttributes&) const override {
      return Authorization{.decision = Decision::Allow};
    }
  };
  TestServer server_;
  Everything everything_;
  AdmissionChain chain_{default_admission({everything_, base::system_random(), nullptr})};
  const User user_{.name = "jane", .groups = {std::string(kAuthenticatedGroup)}};
};

core::Pod pod() {
  core::Pod made;
  made.metadata.name = "p";
  made.metadata.namespace_ = "team";
  made.metadata.labels = {{"app", "web"}};
  for (const char* name : {"web", "proxy"}) {
    auto& container = made.spec.containers.emplace_back();
    container.name = name;
    container.image = "registry.example.com/app:1";
  }
  return made;
}

void BM_DefaultChainForAPod(benchmark::State& state) {
  World world;
  auto wanted = pod();
  if (auto done = world.run(wanted); !done) return state.SkipWithError(std::string(done.error().message()).c_str());
  for (auto _ : state) benchmark::DoNotOptimize(world.run(wanted));
}
BENCHMARK(BM_DefaultChainForAPod);

// What of the above is not admission: copying the pod, its defaults.
void BM_WithoutAdmission(benchmark::State& state) {
  auto wanted = pod();
  for (auto _ : state) {
    schema::Object object(wanted);
    schema::apply_defaults(object);
    benchmark::DoNotOptimize(object);
  }
}
BENCHMARK(BM_WithoutAdmission);

}  // namespace
