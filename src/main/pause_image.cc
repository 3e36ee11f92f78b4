#include "main/pause_image.h"

#include "image/archive.h"

namespace navarch {
namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr unsigned char kPause[] = {
#embed "pause"
};
#pragma clang diagnostic pop

}  // namespace

base::Result<std::string> make_pause_image() {
  image::Image pause;
  pause.reference = kPauseImage;
  pause.files = {
      {.path = "pause", .content = std::string(reinterpret_cast<const char*>(kPause), sizeof kPause), .link = {}}};
  pause.entrypoint = {"/pause"};
  pause.user = "65535:65535";
  return image::make_archive(pause);
}

}  // namespace navarch
