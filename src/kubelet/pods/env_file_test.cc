#include "kubelet/pods/env_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "kubelet/pods/sysctls.h"

namespace kubelet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(EnvFile, NamesAndQuotedValues) {
  auto file = parse_env_file("# first\n\n  A='1'\nB = 'two words' # why\nC='over\nlines'\nD=''\r\nA='again'");
  ASSERT_TRUE(file);
  EXPECT_THAT(*file, ElementsAre(Pair("A", "again"), Pair("B", "two words"), Pair("C", "over\nlines"), Pair("D", "")));
}

TEST(EnvFile, AllElseIsRefusedByLine) {
  for (auto [text, line] : std::vector<std::pair<std::string, int>>{{"A", 1},
                                                                    {"\nA=b", 2},
                                                                    {"A='b' c", 1},
                                                                    {"A='b", 1},
                                                                    {"='b'", 1},
                                                                    {"X='1\n2'\nA=\"b\"", 3},
                                                                    {"A B='c'", 1}}) {
    auto file = parse_env_file(text);
    ASSERT_FALSE(file) << text;
    EXPECT_THAT(file.error().message(), HasSubstr("line " + std::to_string(line) + ":")) << text;
  }
}

struct EnvFilesTest : testing::Test {
  std::string place = testing::TempDir() + "/env-files-" + std::to_string(getpid());
  std::string volume = place + "/volume";
  core::Container container;

  void SetUp() override { std::filesystem::create_directories(volume); }
  void TearDown() override { std::filesystem::remove_all(place); }
  void ask(std::string path) {
    auto& variable = container.env.emplace_back();
    variable.name = "V";
    auto& ref = variable.value_from.emplace().file_key_ref.emplace();
    ref.volume_name = "v";
    ref.path = std::move(path);
    ref.key = "A";
  }
  base::Result<EnvFiles> read() { return read_env_files(container, {{"v", volume}}); }
};

TEST_F(EnvFilesTest, FilesOfTheVolumeAreRead) {
  ASSERT_TRUE(base::write_file(volume + "/env", "A='1'", 0644));
  ask("env");
  ask("absent");
  auto files = read();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->at({"v", "env"}).at("A"), "1");
}

TEST_F(EnvFilesTest, ALinkLeadsNowhereElse) {
  ASSERT_TRUE(base::write_file(place + "/secret", "A='1'", 0644));
  std::filesystem::create_symlink(place + "/secret", volume + "/env");
  std::filesystem::create_symlink("..", volume + "/up");
  ask("env");
  EXPECT_FALSE(read());
  container.env.clear();
  ask("up/secret");
  EXPECT_FALSE(read());
}

TEST_F(EnvFilesTest, WhatIsTooLongOrNoFileIsRefused) {
  ASSERT_TRUE(base::write_file(volume + "/env", std::string(70'000, '#'), 0644));
  ask("env");
  EXPECT_FALSE(read());
  std::filesystem::remove(volume + "/env");
  std::filesystem::create_directory(volume + "/env");
  EXPECT_FALSE(read());
}

core::Pod setting(std::string name) {
  core::Pod pod;
  auto& sysctl = pod.spec.security_context.emplace().sysctls.emplace_back();
  sysctl.name = std::move(name);
  sysctl.value = "1";
  return pod;
}

TEST(Sysctls, SafeOnesAreFreeAndOthersAreNot) {
  EXPECT_FALSE(refuse_sysctls(setting("kernel.shm_rmid_forced"), {}));
  EXPECT_FALSE(refuse_sysctls(setting("net/ipv4/tcp_syncookies"), {}));
  auto refused = refuse_sysctls(setting("kernel.msgmax"), {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, "SysctlForbidden");
  EXPECT_EQ(refused->message, "forbidden sysctl: \"kernel.msgmax\" not allowlisted");
}

TEST(Sysctls, OthersMayBeAllowedButNotTheMachinesOwn) {
  EXPECT_FALSE(refuse_sysctls(setting("kernel.msgmax"), {"kernel.msg*"}));
  EXPECT_FALSE(refuse_sysctls(setting("net.core.somaxconn"), {"net.core.somaxconn"}));
  EXPECT_TRUE(refuse_sysctls(setting("vm.swappiness"), {"vm.*"}));
}

TEST(Sysctls, NotInTheMachinesNamespaces) {
  auto pod = setting("net.ipv4.tcp_syncookies");
  pod.spec.host_network = true;
  EXPECT_EQ(refuse_sysctls(pod, {})->message,
            "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled");
}

}  // namespace
}  // namespace kubelet
