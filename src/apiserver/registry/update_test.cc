#include <gtest/gtest.h>

#include <string>

#include "api/core_v1.h"
#include "apiserver/testing_server.h"

namespace apiserver {
namespace {

using api::core_v1::ConfigMap;

// Adds a letter, and lets others have their way meanwhile; counts how often it was asked to.
io::Task<base::Result<schema::Object>> add_letter(const schema::Object* current, int* asked) {
  ++*asked;
  schema::Object next = *current;
  co_await io::sleep(io::Duration(0));
  next.as<ConfigMap>().data["letters"] += "x";
  co_return next;
}

io::Task<void> write(Registry* registry, int* asked, int* left, io::Event* all) {
  Call call;
  call.user.name = "admin";
  auto written =
      co_await registry->write(call, registry->catalog().of<ConfigMap>(), "default", "a",
                               [asked](const schema::Object* current) { return add_letter(current, asked); }, {});
  EXPECT_TRUE(written) << written.error().message();
  if (--*left == 0) all->set();
}

TEST(Update, ThoseWhoWriteAtOnceEachMakeTheirStateOnce) {
  TestServer server;
  server.send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})");
  constexpr int kWriters = 20;
  int asked = 0;
  int left = kWriters;
  io::Event all;
  io::Scope scope;
  for (int i = 0; i < kWriters; ++i) scope.spawn(write(&server.server().registry(), &asked, &left, &all));
  server.loop().run_task(all.wait());
  EXPECT_EQ(asked, kWriters);
  EXPECT_TRUE(server.send("GET", "/api/v1/namespaces/default/configmaps/a").says(std::string(kWriters, 'x')));
}

}  // namespace
}  // namespace apiserver
