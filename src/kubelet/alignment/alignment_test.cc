#include "kubelet/alignment/alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two sockets of one node each, with two cores of two threads: 0 and 4 are threads of one core.
class AlignmentTest : public ::testing::Test {
 protected:
  AlignmentTest() {
    char path[] = "/tmp/navarch-alignment-XXXXXX";
    directory = mkdtemp(path);
    options.sys_root = directory + "/sys";
    write("cpu/online", "0-7\n");
    for (int cpu = 0; cpu < 8; ++cpu) {
      std::string folder = "cpu/cpu" + std::to_string(cpu) + "/topology/";
      write(folder + "physical_package_id", std::to_string(cpu % 4 / 2));
      write(folder + "core_id", std::to_string(cpu % 2));
    }
    write("node/node0/cpulist", "0-1,4-5\n");
    write("node/node1/cpulist", "2-3,6-7\n");
    for (std::string node : {"0", "1"})
      write("node/node" + node + "/meminfo",
            "Node " + node + " MemTotal:        4194304 kB\nNode " + node + " MemFree: 1 kB\n");
    options.cpu_policy = "static";
    options.reserved_cpus = "0";
  }
  ~AlignmentTest() override { (void)base::remove_tree(directory); }
  void write(const std::string& name, const std::string& text) {
    std::string path = options.sys_root + "/devices/system/" + name;
    ASSERT_TRUE(base::make_directories(path.substr(0, path.rfind('/')), 0755));
    ASSERT_TRUE(base::write_file(path, text, 0644));
  }
  void begin() {
    auto made = Alignment::create(options, directory, 8LL << 30);
    ASSERT_TRUE(made) << made.error().message();
    alignment = std::move(*made);
  }
  static core::Pod guaranteed(const std::string& name, const std::string& cpu, const std::string& memory = "1Gi") {
    core::Pod pod = PodBuilder(name).container("main");
    for (auto* amounts : {&pod.spec.containers[0].resources.requests, &pod.spec.containers[0].resources.limits}) {
      (*amounts)["cpu"] = *base::Quantity::parse(cpu);
      (*amounts)["memory"] = *base::Quantity::parse(memory);
    }
    return pod;
  }
  std::string cpus(const core::Pod& pod) {
    api::cri::LinuxContainerResources out;
    alignment->apply(pod, pod.spec.containers[0], out);
    return out.cpuset_cpus;
  }
  std::string nodes(const core::Pod& pod) {
    api::cri::LinuxContainerResources out;
    alignment->apply(pod, pod.spec.containers[0], out);
    return out.cpuset_mems;
  }
  std::string refusal(const core::Pod& pod) {
    auto refused = alignment->admit(pod);
    return refused ? refused->reason + ": " + refused->message : "";
  }

  std::string directory;
  AlignmentOptions options;
  std::unique_ptr<Alignment> alignment;
};

TEST_F(AlignmentTest, WholeProcessorsOfGuaranteedPodsAreTheirsAlone) {
  begin();
  auto shares = guaranteed("shares", "500m");
  auto alone = guaranteed("alone", "2");
  EXPECT_EQ(refusal(shares), "");
  EXPECT_EQ(refusal(alone), "");
  EXPECT_EQ(cpus(alone), "1,5");
  EXPECT_EQ(cpus(shares), "0,2-4,6-7");
  alignment->release(alone.metadata.uid);
  EXPECT_EQ(cpus(shares), "0-7");
}

TEST_F(AlignmentTest, AWholeSocketIsTakenWhereOneIsWanted) {
  begin();
  auto pod = guaranteed("big", "4");
  EXPECT_EQ(refusal(pod), "");
  EXPECT_EQ(cpus(pod), "2-3,6-7");
}

TEST_F(AlignmentTest, APodThatAsksForMoreThanIsLeftIsRefused) {
  begin();
  EXPECT_EQ(refusal(guaranteed("huge", "8")),
            "UnexpectedAdmissionError: Pod was rejected: Allocate failed due to not enough cpus available to satisfy "
            "request: requested=8, available=7, which is unexpected");
  EXPECT_EQ(refusal(guaranteed("fits", "7")), "");
}

TEST_F(AlignmentTest, ARestartForgetsNothing) {
  begin();
  auto alone = guaranteed("alone", "2");
  ASSERT_EQ(refusal(alone), "");
  begin();
  EXPECT_EQ(cpus(alone), "1,5");
  std::string path = directory + "/cpu_manager_state";
  EXPECT_THAT(
      *base::read_file(path),
      HasSubstr(R"({"policyName":"static","defaultCpuSet":"0,2-4,6-7","entries":{"uid-alone":{"main":"1,5"}})"));
  auto text = *base::read_file(path);
  text.replace(text.find("\"1,5\""), 5, "\"1,6\"");
  ASSERT_TRUE(base::write_file(path, text, 0600));
  EXPECT_FALSE(Alignment::create(options, directory, 0));
}

TEST_F(AlignmentTest, FullCoresAreGivenWholeOrNotAtAll) {
  options.cpu_policy_options = {{"full-pcpus-only", "true"}};
  begin();
  EXPECT_THAT(refusal(guaranteed("odd", "3")), HasSubstr("SMTAlignmentError: "));
  auto even = guaranteed("even", "2");
  EXPECT_EQ(refusal(even), "");
  EXPECT_EQ(cpus(even), "1,5");
}

TEST_F(AlignmentTest, OneNodeOrNoneIsAPolicy) {
  options.topology_policy = "single-numa-node";
  begin();
  EXPECT_EQ(refusal(guaranteed("wide", "5")),
            "TopologyAffinityError: Pod was rejected: Resources cannot be allocated with Topology locality");
  auto narrow = guaranteed("narrow", "3");
  EXPECT_EQ(refusal(narrow), "");
  EXPECT_EQ(alignment->nodes_of(narrow.metadata.uid, "main"), NodeMask{1});
}

TEST_F(AlignmentTest, BestEffortTakesWhatThereIs) {
  options.topology_policy = "best-effort";
  begin();
  auto wide = guaranteed("wide", "5");
  EXPECT_EQ(refusal(wide), "");
}

TEST_F(AlignmentTest, DevicesHaveTheirSay) {
  options.topology_policy = "restricted";
  begin();
  alignment->ask_devices([](const core::Pod&, const core::Container&) {
    return Hints{{"example.com/gpu", std::vector<Hint>{{.nodes = NodeMask{2}, .preferred = true}}}};
  });
  auto pod = guaranteed("near", "1");
  EXPECT_EQ(refusal(pod), "");
  EXPECT_EQ(alignment->nodes_of(pod.metadata.uid, "main"), NodeMask{2});
  EXPECT_EQ(cpus(pod), "2");
}

TEST_F(AlignmentTest, MemoryIsOfTheNodesThatHaveIt) {
  options.memory_policy = "Static";
  options.topology_policy = "restricted";
  options.reserved_memory = {{0, {{"memory", 1LL << 30}}}};
  begin();
  auto big = guaranteed("big", "2", "4Gi");
  EXPECT_EQ(refusal(big), "");
  EXPECT_EQ(nodes(big), "1");
  EXPECT_EQ(cpus(big), "2,6");
  EXPECT_THAT(refusal(guaranteed("more", "1", "4Gi")), HasSubstr("TopologyAffinityError"));
  begin();
  EXPECT_EQ(nodes(big), "1");
}

TEST_F(AlignmentTest, ThePolicyMustBeKnownAndHaveWhatItNeeds) {
  options.cpu_policy = "clever";
  EXPECT_FALSE(Alignment::create(options, directory, 0));
  options.cpu_policy = "static";
  options.reserved_cpus = "";
  auto made = Alignment::create(options, directory, 0);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(),
            "the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero");
}

TEST(CpuLists, AreReadAndWritten) {
  EXPECT_EQ(to_cpu_list(*parse_cpu_list("0-3,7,9-10\n")), "0-3,7,9-10");
  EXPECT_FALSE(parse_cpu_list("3-1"));
  EXPECT_FALSE(parse_cpu_list("a"));
}

TEST(CpuState, HasUpstreamsChecksum) {
  // A file that an upstream kubelet has written reads the same way; see ARestartForgetsNothing for ours.
  char path[] = "/tmp/navarch-cpus-XXXXXX";
  std::string directory = mkdtemp(path);
  std::string file = directory + "/cpu_manager_state";
  ASSERT_TRUE(base::write_file(file, R"({"policyName":"none","defaultCpuSet":"","checksum":1353318690})", 0600));
  ExclusiveCpus cpus({}, {}, file);
  auto loaded = cpus.load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message(),
              HasSubstr("configured policy \"static\" differs from state checkpoint policy \"none\""));
  (void)base::remove_tree(directory);
}

}  // namespace
}  // namespace kubelet
