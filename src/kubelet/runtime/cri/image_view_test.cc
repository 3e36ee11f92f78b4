#include "kubelet/runtime/cri/image_view.h"

#include <gtest/gtest.h>

#include "kubelet/runtime/cri/wire_fields.h"

namespace kubelet {
namespace {

TEST(ImageView, OnlyContainerdsThatCannotMountImagesNeedIt) {
  EXPECT_TRUE(needs_image_views("containerd", "1.6.20~ds1"));
  EXPECT_TRUE(needs_image_views("containerd", "v2.0.5"));
  EXPECT_FALSE(needs_image_views("containerd", "v2.1.0"));
  EXPECT_FALSE(needs_image_views("containerd", "3.0"));
  EXPECT_FALSE(needs_image_views("cri-o", "1.30.0"));
  EXPECT_FALSE(needs_image_views("containerd", "unknown"));
}

TEST(ImageView, WhatTheCriTellsSaysWhereTheFilesAre) {
  EXPECT_EQ(chain_id_of(R"({"chainID":"sha256:abc","imageSpec":{}})"), "sha256:abc");
  EXPECT_EQ(chain_id_of("{}"), "");
  EXPECT_EQ(chain_id_of("no JSON"), "");
  EXPECT_EQ(snapshotter_of("/var/lib/containerd/io.containerd.snapshotter.v1.native"), "native");
  EXPECT_EQ(snapshotter_of("/somewhere"), "overlayfs");
}

TEST(ImageView, TheMountIsTheOneThatContainerdNames) {
  std::string mount, answer;
  add_field(mount, 1, "overlay");
  add_field(mount, 2, "overlay");
  add_field(mount, 4, "index=off");
  add_field(mount, 4, "lowerdir=" + std::string(300, 'x'));
  add_field(answer, 1, mount);
  auto found = mount_of_view(answer);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, "overlay");
  EXPECT_EQ(found->options, (std::vector<std::string>{"index=off", "lowerdir=" + std::string(300, 'x')}));
  EXPECT_FALSE(mount_of_view(""));
  EXPECT_FALSE(mount_of_view(answer + answer));
  EXPECT_FALSE(mount_of_view(answer.substr(0, answer.size() - 1)));
}

}  // namespace
}  // namespace kubelet
