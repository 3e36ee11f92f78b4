#include "kubelet/runtime/cri/cri_client.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "io/process.h"

namespace kubelet {
namespace {

// A containerd of the tests' own: private folders, socket and ports. Nothing of the machine's is touched.
class CriClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (access("/usr/bin/containerd", X_OK) != 0 || geteuid() != 0) return;
    std::string pattern = std::filesystem::temp_directory_path() / "navarch-cri-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::ofstream(directory_ + "/config.toml")
        << "version = 2\nroot = \"" << directory_ << "/root\"\nstate = \"" << directory_
        << "/state\"\n[grpc]\naddress = \"" << socket() << "\"\n"
        << "[plugins.\"io.containerd.grpc.v1.cri\"]\nrestrict_oom_score_adj = true\n"
        << "stream_server_address = \"127.0.0.1\"\nstream_server_port = \"0\"\n"
        << "[plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = \"" << directory_ << "/cni\"\n";
    loop_ = io::Loop::create()->release();
    io::Loop::Entered entered(*loop_);
    io::ProcessOptions options;
    options.argv = {"/usr/bin/containerd", "--config", directory_ + "/config.toml"};
    options.output = options.error = io::ChildEnd::file(directory_ + "/log");
    options.dies_with_parent = true;
    auto spawned = io::Process::spawn(std::move(options));
    ASSERT_TRUE(spawned.has_value());
    containerd_ = spawned->release();
    ASSERT_TRUE(loop_->run_task(wait_until_ready())) << "containerd does not answer";
  }
  static void TearDownTestSuite() {
    if (!loop_) return;
    {
      io::Loop::Entered entered(*loop_);
      delete containerd_;
    }
    delete loop_;
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  void SetUp() override {
    if (!loop_) GTEST_SKIP() << "needs root and containerd";
    entered_.emplace(*loop_);
    client_ = connect();
  }

  static std::string socket() { return directory_ + "/containerd.sock"; }
  static std::unique_ptr<CriClient> connect() { return *CriClient::create({.endpoint = "unix://" + socket()}); }
  static io::Task<bool> wait_until_ready() {
    auto client = connect();
    while (!containerd_->has_ended()) {
      if ((co_await client->version()).has_value()) co_return true;
      co_await io::sleep(std::chrono::milliseconds(20));
    }
    co_return false;
  }
  template <class T>
  T run(io::Task<T> task) {
    return loop_->run_task(std::move(task));
  }

  inline static std::string directory_;
  inline static io::Loop* loop_ = nullptr;
  inline static io::Process* containerd_ = nullptr;
  std::optional<io::Loop::Entered> entered_;
  std::unique_ptr<CriClient> client_;
};

TEST_F(CriClientTest, VersionNamesTheRuntime) {
  auto version = run(client_->version());
  ASSERT_TRUE(version.has_value()) << version.error().message();
  EXPECT_EQ(version->runtime_name, "containerd");
  EXPECT_EQ(version->runtime_api_version, "v1");
}

TEST_F(CriClientTest, StatusHasItsConditions) {
  auto status = run(client_->status());
  ASSERT_TRUE(status.has_value()) << status.error().message();
  std::map<std::string, bool> conditions;
  for (const auto& condition : status->status->conditions) conditions[condition.type] = condition.status;
  EXPECT_EQ(conditions, (std::map<std::string, bool>{{"NetworkReady", false}, {"RuntimeReady", true}}));
}

TEST_F(CriClientTest, EmptyListsAreEmpty) {
  EXPECT_EQ(run(client_->list_pod_sandbox())->items.size(), 0u);
  EXPECT_EQ(run(client_->list_containers())->containers.size(), 0u);
  EXPECT_EQ(run(client_->list_images())->images.size(), 0u);
  EXPECT_EQ(run(client_->image_fs_info())->image_filesystems.size(), 1u);
}

TEST_F(CriClientTest, WhatIsNotThereIsNotFound) {
  cri::ContainerStatusRequest request;
  request.container_id = "nobody";
  auto status = run(client_->container_status(request));
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code(), base::Code::NotFound);
  // The runtime lets what is not there be removed.
  cri::RemoveContainerRequest remove;
  remove.container_id = "nobody";
  EXPECT_TRUE(run(client_->remove_container(remove)).has_value());
}

TEST_F(CriClientTest, MethodOfALaterRuntimeIsUnimplemented) {
  auto metrics = run(client_->list_metric_descriptors());
  if (!metrics) EXPECT_EQ(io::grpc_code_of(metrics.error()), io::GrpcCode::Unimplemented) << metrics.error().message();
}

TEST(CriClient, EndpointMustBeReadable) {
  EXPECT_FALSE(CriClient::create({.endpoint = "http//:x:y"}).has_value());
}

TEST(StreamingUrl, IsTakenApart) {
  auto url = parse_streaming_url("http://127.0.0.1:41231/exec/a1B2?x=1");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->address.text(), "127.0.0.1:41231");
  EXPECT_EQ(url->target, "/exec/a1B2?x=1");
  EXPECT_EQ(url->authority, "127.0.0.1:41231");
  EXPECT_FALSE(url->secure);
  EXPECT_EQ(parse_streaming_url("https://[::]:1/a")->address.host, "127.0.0.1");
  EXPECT_FALSE(parse_streaming_url("/exec/x").has_value());
}

}  // namespace
}  // namespace kubelet
