// What a node reads that others wrote: logs of containers, answers of a Docker Engine, files in images, names of
// images, files of credentials.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kubelet/pods/credentials.h"
#include "kubelet/pods/env_file.h"
#include "kubelet/runtime/docker/answers.h"
#include "kubelet/runtime/docker/frames.h"
#include "kubelet/runtime/docker/log_copy.h"
#include "kubelet/server/logs.h"
#include "schema/value.h"

namespace {

void read_logs(std::string_view text) {
  if (auto line = kubelet::docker::log_line(text)) {
    if (!kubelet::parse_log_line(*line)) abort();
  }
  (void)kubelet::parse_log_line(text);
  for (int64_t lines : {0, 1, 3}) {
    if (kubelet::tail_offset(text, lines) > text.size()) abort();
  }
}

void read_engine(std::string_view text) {
  kubelet::docker::FrameReader frames;
  for (size_t at = 0; at < text.size(); at += 7) {
    if (!frames.feed(text.substr(at, 7))) break;
  }
  auto value = schema::Value::parse(text);
  if (!value) return;
  (void)kubelet::docker::to_sandbox(*value);
  (void)kubelet::docker::to_container(*value);
  (void)kubelet::docker::to_sandbox_status(*value);
  (void)kubelet::docker::to_container_status(*value);
  (void)kubelet::docker::handlers(*value, *value);
  (void)kubelet::docker::image_reference(kubelet::docker::to_image(*value));
}

void read_images(std::string_view text) {
  auto name = kubelet::normalized_image(text);
  if (name && kubelet::normalized_image(*name).value_or("") != *name) abort();
  (void)kubelet::image_repository(text);
  (void)kubelet::with_default_tag(text);
  for (bool legacy : {false, true}) (void)kubelet::credentials_for(kubelet::read_docker_config(text, legacy), "a.io/b");
  auto end = text.find('\n');
  if (end != std::string_view::npos) (void)kubelet::pattern_fits(text.substr(0, end), text.substr(end + 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) return 0;
  char kind = text.front();
  text.remove_prefix(1);
  if (kind == 'l') read_logs(text);
  if (kind == 'd') read_engine(text);
  if (kind == 'i') read_images(text);
  if (kind == 'e') (void)kubelet::parse_env_file(text);
  return 0;
}
