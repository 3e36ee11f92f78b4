#include "kubelet/server/summary.h"

#include <gtest/gtest.h>

#include "kubelet/server/cadvisor_metrics.h"
#include "kubelet/server/resource_metrics.h"
#include "schema/value.h"

namespace kubelet {
namespace {

NodeSample sample() {
  NodeSample out;
  out.at_ns = 1'700'000'100'000'000'000;
  out.booted_ns = 1'700'000'000'000'000'000;
  out.root = GroupSample{.path = "/",
                         .usage = {.cpu_ns = 9'000'000'000, .memory_bytes = 600, .memory_working_set_bytes = 400},
                         .nano_cores = 70};
  out.filesystem =
      stats::FilesystemUsage{.capacity_bytes = 1000, .available_bytes = 300, .used_bytes = 600, .inodes = 50};
  PodSample pod;
  pod.namespace_ = "default";
  pod.name = "web";
  pod.uid = "u1";
  pod.started_ns = 1'700'000'050'000'000'000;
  pod.group =
      GroupSample{.path = "/kubepods/podu1", .usage = {.cpu_ns = 2'000'000'000, .threads = 3}, .nano_cores = {}};
  pod.interfaces = {{.name = "eth0", .received_bytes = 11, .sent_bytes = 22}};
  pod.volumes = {{.name = "data", .used = {.bytes = 40, .inodes = 2}, .filesystem = out.filesystem}};
  ContainerSample container;
  container.name = "c";
  container.id = "abc";
  container.started_ns = pod.started_ns;
  container.group = {.path = "/kubepods/podu1/abc",
                     .usage = {.cpu_ns = 1'500'000'000, .memory_working_set_bytes = 20, .memory_limit_bytes = 100},
                     .nano_cores = 5};
  container.logs.used = {.bytes = 7, .inodes = 1};
  container.root = stats::FolderUsage{.bytes = 100, .inodes = 4};
  pod.containers = {container};
  out.pods = {pod};
  return out;
}

TEST(Summary, APodsDiskIsLogsAndLayersAndVolumesOnDisk) {
  auto json = *schema::Value::parse(summary_json(sample(), {.node_name = "n1", .memory_capacity_bytes = 1000}));
  const auto& pod = json.at({"pods"})->as_array().at(0);
  EXPECT_EQ(pod.at({"ephemeral-storage", "usedBytes"})->as_int(), 147);
  EXPECT_EQ(pod.text_at({"podRef", "name"}), "web");
  EXPECT_EQ(pod.at({"network", "rxBytes"})->as_int(), 11);
  EXPECT_EQ(pod.at({"process_stats", "process_count"})->as_int(), 3);
  const auto& container = pod.at({"containers"})->as_array().at(0);
  EXPECT_EQ(container.at({"memory", "availableBytes"})->as_int(), 80);
  EXPECT_EQ(container.at({"cpu", "usageNanoCores"})->as_int(), 5);
  EXPECT_EQ(container.at({"rootfs", "usedBytes"})->as_int(), 100);
  EXPECT_EQ(json.text_at({"node", "nodeName"}), "n1");
  EXPECT_EQ(json.at({"node", "memory", "availableBytes"})->as_int(), 600);
  EXPECT_EQ(json.text_at({"node", "startTime"}), "2023-11-14T22:13:20Z");
}

TEST(Summary, AVolumeBehindAClaimNamesItAndIsNotThePodsDisk) {
  auto now = sample();
  now.pods[0].volumes[0].claim = "claim";
  auto json = *schema::Value::parse(summary_json(now, {.node_name = "n1", .memory_capacity_bytes = 1000}));
  const auto& pod = json.at({"pods"})->as_array().at(0);
  const auto& volume = pod.at({"volume"})->as_array().at(0);
  EXPECT_EQ(volume.text_at({"pvcRef", "name"}), "claim");
  EXPECT_EQ(volume.text_at({"pvcRef", "namespace"}), "default");
  EXPECT_EQ(pod.at({"ephemeral-storage", "usedBytes"})->as_int(), 107);
}

TEST(Summary, OnlyProcessorAndMemoryWhenAskedSo) {
  auto json = *schema::Value::parse(summary_json(sample(), {.node_name = "n1", .only_cpu_and_memory = true}));
  EXPECT_EQ(json.at({"node", "fs"}), nullptr);
  EXPECT_EQ(json.at({"pods"})->as_array().at(0).at({"network"}), nullptr);
  EXPECT_NE(json.at({"node", "cpu"}), nullptr);
}

TEST(ResourceMetrics, SaysWhatEachOwnerUses) {
  auto text = resource_metrics(sample());
  for (const char* line : {
           "\nnode_cpu_usage_seconds_total 9 1700000100000\n",
           "\npod_cpu_usage_seconds_total{namespace=\"default\",pod=\"web\"} 2 1700000100000\n",
           "\ncontainer_cpu_usage_seconds_total{container=\"c\",namespace=\"default\",pod=\"web\"} 1.5 1700000100000\n",
           "\ncontainer_memory_working_set_bytes{container=\"c\",namespace=\"default\",pod=\"web\"} 20 1700000100000\n",
           "\nresource_scrape_error 0\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(CadvisorMetrics, LabelsStandInTheOrderOfTheAlphabet) {
  Machine machine;
  machine.cpus = 2;
  auto text = cadvisor_metrics(sample(), machine);
  for (const char* line : {
           "\ncontainer_cpu_usage_seconds_total{container=\"c\",cpu=\"total\",id=\"/kubepods/podu1/"
           "abc\",image=\"\",name=\"abc\","
           "namespace=\"default\",pod=\"web\"} 1.5 1700000100000\n",
           "\ncontainer_network_receive_bytes_total{container=\"\",id=\"/kubepods/"
           "podu1\",image=\"\",interface=\"eth0\",name=\"\","
           "namespace=\"default\",pod=\"web\"} 11 1700000100000\n",
           "\ncontainer_spec_memory_limit_bytes{container=\"c\",id=\"/kubepods/podu1/"
           "abc\",image=\"\",name=\"abc\",namespace=\"default\","
           "pod=\"web\"} 100 1700000100000\n",
           "\nmachine_cpu_cores{boot_id=\"\",machine_id=\"\",system_uuid=\"\"} 2 1700000100000\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace kubelet
