#include <gtest/gtest.h>

#include "main/part/part_server.h"

namespace navarch {
namespace {

struct PagesTest : testing::Test {
  PagesTest() {
    pages.add_check("store",
                    [this] { return well ? base::Result<void>() : base::fail(base::Code::Unavailable, "it is gone"); });
    pages.add_configuration("componentconfig", R"({"kind":"X"})");
  }
  std::string ask(std::string_view path, std::string_view query = "") {
    auto answer = pages.answer(path, query);
    return std::to_string(answer.status) + " " + answer.text;
  }

  bool well = true;
  Pages pages;
};

TEST_F(PagesTest, HealthIsTheSumOfItsChecks) {
  for (std::string path : {"/healthz", "/livez", "/readyz"}) {
    EXPECT_EQ(ask(path), "200 ok");
    EXPECT_EQ(ask(path + "/store"), "200 ok");
    EXPECT_EQ(ask(path + "/ping"), "200 ok");
    EXPECT_EQ(ask(path + "/unknown"), "404 404 page not found\n");
  }
  EXPECT_EQ(ask("/livez", "verbose"), "200 [+]ping ok\n[+]store ok\nlivez check passed\n");
  well = false;
  EXPECT_EQ(ask("/readyz"), "500 [+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n");
  EXPECT_EQ(ask("/readyz/store"), "500 internal server error: it is gone\n");
  EXPECT_EQ(ask("/readyz", "exclude=store"), "200 ok");
}

TEST_F(PagesTest, ConfigurationIsUnderItsGroup) {
  EXPECT_EQ(ask("/configz"), R"(200 {"componentconfig":{"kind":"X"}})");
  EXPECT_EQ(ask("/"), "404 404 page not found\n");
  EXPECT_EQ(ask(""), "404 404 page not found\n");
}

TEST_F(PagesTest, DebugPagesTellFlagsStateAndHowChecksWent) {
  pages.add_debug_pages("kube-x", {{"a", "1"}, {"b", "[x,y]"}});
  EXPECT_NE(ask("/flagz").find("kube-x flags\nWarning: "), std::string::npos);
  EXPECT_TRUE(ask("/flagz").ends_with("\n\na=1\nb=[x,y]\n"));
  EXPECT_NE(ask("/statusz").find("\nEmulation version: 1.36\n"), std::string::npos);
  EXPECT_EQ(ask("/metrics/slis").find("store"), std::string::npos);
  ask("/livez");
  well = false;
  ask("/readyz");
  std::string metrics = ask("/metrics/slis");
  for (const char* line : {"kubernetes_healthcheck{name=\"store\",type=\"livez\"} 1\n",
                           "kubernetes_healthcheck{name=\"store\",type=\"readyz\"} 0\n",
                           "kubernetes_healthchecks_total{name=\"store\",status=\"error\",type=\"readyz\"} 1\n",
                           "kubernetes_healthchecks_total{name=\"ping\",status=\"success\",type=\"livez\"} 1\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
  }
}

}  // namespace
}  // namespace navarch
