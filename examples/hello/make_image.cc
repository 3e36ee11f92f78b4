// make_image BINARY TAG: the hello image as a docker archive on standard output.
#include <cstdio>
#include <string>

#include "base/file.h"
#include "image/archive.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s BINARY TAG > archive.tar\n", argv[0]);
    return 2;
  }
  std::string tag = argv[2];
  auto binary = base::read_file(argv[1]);
  if (!binary) {
    fprintf(stderr, "%s\n", binary.error().message().c_str());
    return 1;
  }
  image::Image hello;
  hello.reference = "navarch.local/hello:" + tag;
  hello.files = {{.path = "bin/hello", .content = *binary, .link = {}},
                 {.path = "bin/hostname", .content = {}, .link = "hello"}};
  hello.entrypoint = {"/bin/hello"};
  hello.environment = {"HELLO_VERSION=" + tag};
  hello.ports = {8080};
  hello.user = "65534:65534";
  auto archive = image::make_archive(hello);
  if (!archive) {
    fprintf(stderr, "%s\n", archive.error().message().c_str());
    return 1;
  }
  return fwrite(archive->data(), 1, archive->size(), stdout) == archive->size() ? 0 : 1;
}
