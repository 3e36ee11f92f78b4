#include "kubelet/runtime/docker/frames.h"

#include <gtest/gtest.h>

#include <string>

namespace kubelet::docker {
namespace {

using namespace std::string_literals;

std::string frame(char stream, const std::string& text) {
  return std::string{stream, 0, 0, 0, 0, 0, static_cast<char>(text.size() >> 8), static_cast<char>(text.size())} + text;
}

TEST(DockerFrames, StreamsAreToldApartHoweverTheBytesAreCut) {
  auto all = frame(1, "out") + frame(2, "") + frame(2, "err") + frame(1, std::string(300, 'x'));
  for (size_t cut : {size_t{1}, size_t{3}, size_t{8}, all.size()}) {
    FrameReader reader;
    std::string out, err;
    for (size_t at = 0; at < all.size(); at += cut) {
      auto bytes = all.substr(at, cut);
      auto pieces = reader.feed(bytes);
      ASSERT_TRUE(pieces);
      for (auto& piece : *pieces) (piece.error ? err : out) += piece.text;
    }
    EXPECT_EQ(out, "out" + std::string(300, 'x')) << cut;
    EXPECT_EQ(err, "err") << cut;
  }
}

TEST(DockerFrames, WhatIsNoFrameIsRefused) {
  FrameReader reader;
  EXPECT_EQ(reader.feed("HTTP/1.1 500").error().code(), base::Code::BadRequest);
}

}  // namespace
}  // namespace kubelet::docker
