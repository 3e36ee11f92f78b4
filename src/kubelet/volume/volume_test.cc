#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "kubelet/volume/atomic_writer.h"
#include "kubelet/volume/mount.h"
#include "kubelet/volume/payload.h"
#include "kubelet/volume/volumes.h"

namespace kubelet {
namespace {

using testing::ElementsAre;

class VolumeTest : public testing::Test {
 protected:
  VolumeTest() {
    char path[] = "/tmp/navarch-volume-XXXXXX";
    directory_ = mkdtemp(path);
  }
  ~VolumeTest() override { (void)base::remove_tree(directory_); }

  std::string read(const std::string& path) { return base::read_file(directory_ + "/" + path).value_or("?"); }
  std::string link(const std::string& path) {
    char text[256];
    ssize_t size = readlink((directory_ + "/" + path).c_str(), text, sizeof text);
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  }
  unsigned mode(const std::string& path) {
    struct stat info{};
    return stat((directory_ + "/" + path).c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  bool write(const Payload& payload, int64_t seconds) {
    auto done = write_payload(directory_, payload, {}, base::Time{seconds, 0});
    EXPECT_TRUE(done) << done.error().message();
    return done && *done;
  }
  std::string directory_;
};

TEST_F(VolumeTest, FilesChangeTogetherBehindALink) {
  EXPECT_TRUE(write({{"key", {.data = "one", .owner = {}}}, {"dir/other", {.data = "x", .mode = 0400, .owner = {}}}},
                    1'700'000'000));
  EXPECT_EQ(read("key"), "one");
  EXPECT_EQ(link("key"), "..data/key");
  EXPECT_EQ(link("dir"), "..data/dir");
  EXPECT_EQ(link("..data"), "..2023_11_14_22_13_20.000000000");
  EXPECT_EQ(mode("dir/other"), 0400U);
  EXPECT_FALSE(write({{"key", {.data = "one", .owner = {}}}, {"dir/other", {.data = "x", .mode = 0400, .owner = {}}}},
                     1'700'000'001));
  EXPECT_TRUE(write({{"key", {.data = "two", .owner = {}}}}, 1'700'000'002));
  EXPECT_EQ(read("key"), "two");
  EXPECT_THAT(*base::list_directory(directory_), ElementsAre("..2023_11_14_22_13_22.000000000", "..data", "key"));
}

TEST_F(VolumeTest, UnfinishedWriteIsRepaired) {
  write({{"key", {.data = "one", .owner = {}}}}, 1);
  unlink((directory_ + "/key").c_str());
  (void)base::make_directories(directory_ + "/..left_over", 0755);
  EXPECT_FALSE(write({{"key", {.data = "one", .owner = {}}}}, 2));
  EXPECT_EQ(read("key"), "one");
  EXPECT_FALSE(base::exists(directory_ + "/..left_over"));
}

TEST_F(VolumeTest, PathsThatLeadOutAreRefused) {
  for (auto path : {"../x", "/x", "..x", "a/../b", ""}) EXPECT_FALSE(is_safe_payload_path(path)) << path;
  EXPECT_TRUE(is_safe_payload_path("a/b..c"));
}

TEST_F(VolumeTest, LinkCannotLeadASubPathOutOfItsVolume) {
  if (geteuid() != 0) GTEST_SKIP();
  std::string volume = directory_ + "/volume", target = directory_ + "/target";
  (void)base::make_directories(volume, 0755);
  ASSERT_EQ(symlink("/etc", (volume + "/out").c_str()), 0);
  EXPECT_FALSE(bind_sub_path(volume, "out", target));
  EXPECT_FALSE(bind_sub_path(volume, "../target", target));
  ASSERT_TRUE(bind_sub_path(volume, "in/deep", target));
  EXPECT_TRUE(is_mount_point(target));
  (void)base::write_file(target + "/file", "x", 0644);
  EXPECT_EQ(read("volume/in/deep/file"), "x");
  EXPECT_TRUE(unmount_below(directory_));
  EXPECT_FALSE(is_mount_point(target));
}

TEST_F(VolumeTest, HostPathTypesAreChecked) {
  EXPECT_TRUE(check_host_path(directory_, "Directory"));
  EXPECT_EQ(check_host_path(directory_, "File").error().message(),
            "hostPath type check failed: " + directory_ + " is not a file");
  EXPECT_TRUE(check_host_path(directory_ + "/new/folder", "DirectoryOrCreate"));
  EXPECT_TRUE(base::exists(directory_ + "/new/folder"));
  EXPECT_FALSE(check_host_path(directory_ + "/absent", "Socket"));
  EXPECT_TRUE(check_host_path(directory_ + "/absent", ""));
}

TEST_F(VolumeTest, GroupOwnsItsVolume) {
  if (geteuid() != 0) GTEST_SKIP();
  (void)base::make_directories(directory_ + "/v/d", 0700);
  (void)base::write_file(directory_ + "/v/f", "x", 0600);
  ASSERT_TRUE(set_group(directory_ + "/v", 4242, false));
  EXPECT_EQ(mode("v/f"), 0660U);
  EXPECT_EQ(mode("v/d"), 02770U);
  struct stat info{};
  ASSERT_EQ(stat((directory_ + "/v/f").c_str(), &info), 0);
  EXPECT_EQ(info.st_gid, 4242U);
}

// Somebody who has the volume already puts a link in the place of a file and back, all the time.
TEST_F(VolumeTest, NoLinkLeadsAGroupOutOfItsVolume) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  std::string root = directory_ + "/shared", file = root + "/file", link = root + "/link";
  std::string outside = directory_ + "/outside";
  ASSERT_TRUE(base::make_directories(root, 0755));
  ASSERT_TRUE(base::write_file(file, "x", 0600));
  ASSERT_TRUE(base::write_file(outside, "x", 0600));
  ASSERT_EQ(symlink(outside.c_str(), link.c_str()), 0);
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(set_group(root, 4242, false));
  done = true;
  swapper.join();
  EXPECT_EQ(mode("outside"), 0600U);
}

struct Projection {
  core::Pod pod;
  PodObjects objects;
  ResourceList allocatable;
  std::string token = "jwt";
  core::Volume volume;
  base::Result<std::optional<Payload>> make() {
    return make_payload(volume, {.pod = pod,
                                 .objects = objects,
                                 .host_ips = {},
                                 .pod_ips = {},
                                 .node_allocatable = allocatable,
                                 .token = [this](const core::ServiceAccountTokenProjection&) {
                                   return token.empty() ? nullptr : &token;
                                 }});
  }
};

TEST_F(VolumeTest, AGroupIsNotSetAgainBelowARootThatIsItsOwn) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  std::string root = directory_ + "/volume", file = root + "/file";
  ASSERT_TRUE(base::make_directories(root, 0755));
  ASSERT_TRUE(base::write_file(file, "x", 0600));
  ASSERT_TRUE(set_group(root, 2000, false, true));
  EXPECT_EQ(mode("volume"), 02775U);
  EXPECT_EQ(mode("volume/file"), 0660U);
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  ASSERT_TRUE(set_group(root, 2000, false, true));
  EXPECT_EQ(mode("volume/file"), 0600U);
  ASSERT_TRUE(set_group(root, 2000, false, false));
  EXPECT_EQ(mode("volume/file"), 0660U);
}

TEST_F(VolumeTest, AClaimsLocalFolderIsSeenInThePodAndOnlyReadIfItSaysSo) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(base::make_directories(directory_ + "/disk", 0755));
  ASSERT_TRUE(base::write_file(directory_ + "/disk/file", "kept", 0644));
  auto persistent = std::make_shared<core::PersistentVolume>();
  persistent->metadata.name = "pv";
  persistent->spec.local.emplace().path = directory_ + "/disk";
  VolumeInput input;
  input.pod.metadata.uid = "u";
  auto& volume = input.pod.spec.volumes.emplace_back();
  volume.name = "data";
  volume.persistent_volume_claim.emplace().read_only = true;
  input.persistent["data"] = persistent;
  Volumes volumes(directory_ + "/kubelet");
  auto outcome = volumes.set_up(input);
  ASSERT_TRUE(outcome.failures.empty()) << outcome.failures[0].message;
  std::string path = outcome.paths["data"];
  EXPECT_EQ(path, directory_ + "/kubelet/pods/u/volumes/kubernetes.io~local-volume/pv");
  EXPECT_EQ(base::read_file(path + "/file").value_or(""), "kept");
  EXPECT_FALSE(base::write_file(path + "/file", "lost", 0644));
  ASSERT_TRUE(volumes.tear_down("u"));
  EXPECT_EQ(read("disk/file"), "kept");

  auto missing = std::make_shared<core::PersistentVolume>(*persistent);
  missing->spec.local->path = directory_ + "/none";
  input.persistent["data"] = missing;
  outcome = volumes.set_up(input);
  ASSERT_EQ(outcome.failures.size(), 1U);
  EXPECT_EQ(outcome.failures[0].message,
            "MountVolume.SetUp failed for volume \"pv\" : path \"" + directory_ + "/none\" does not exist");
}

TEST(Payload, ServiceAccountVolumeHoldsTokenAuthorityAndNamespace) {
  Projection p;
  p.pod.metadata.namespace_ = "default";
  auto& projected = p.volume.projected.emplace();
  projected.default_mode = 0644;
  projected.sources.emplace_back().service_account_token.emplace().path = "token";
  auto& root = projected.sources.emplace_back().config_map.emplace();
  root.name = "kube-root-ca.crt";
  auto& item = root.items.emplace_back();
  item.key = item.path = "ca.crt";
  auto& downward = projected.sources.emplace_back().downward_api.emplace().items.emplace_back();
  downward.path = "namespace";
  downward.field_ref.emplace().field_path = "metadata.namespace";
  EXPECT_EQ(p.make().error().message(), "configmap \"kube-root-ca.crt\" not found");
  auto map = std::make_shared<core::ConfigMap>();
  map->data["ca.crt"] = "PEM";
  p.objects.config_maps["kube-root-ca.crt"] = map;
  auto made = p.make();
  ASSERT_TRUE(made);
  EXPECT_EQ((**made)["token"].data, "jwt");
  EXPECT_EQ((**made)["ca.crt"].data, "PEM");
  EXPECT_EQ((**made)["namespace"].data, "default");
  EXPECT_EQ((**made)["token"].mode, 0644U);
  p.pod.spec.security_context.emplace().fs_group = 5;
  EXPECT_EQ((**p.make())["token"].mode, 0600U);
}

TEST(Payload, MissingKeyIsAnErrorUnlessOptional) {
  Projection p;
  auto& source = p.volume.secret.emplace();
  source.secret_name = "s";
  auto& item = source.items.emplace_back();
  item.key = "k";
  item.path = "f";
  p.objects.secrets["s"] = std::make_shared<core::Secret>();
  EXPECT_EQ(p.make().error().message(), "references non-existent secret key: k");
  source.optional = true;
  EXPECT_TRUE((*p.make())->empty());
  p.objects.secrets["s"] = nullptr;
  EXPECT_TRUE(p.make());
}

}  // namespace
}  // namespace kubelet
