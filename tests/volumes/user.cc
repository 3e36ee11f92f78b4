// What the pods of the test run: steps, one after another.
//
//   write FILE TEXT    append FILE TEXT (a line)    read FILE TEXT (it must say so)    refuse FILE (it cannot be
//   written) device FILE    await FILE (until it is there)    sleep    deaf
//
// Ends with 1 at the first that fails; "sleep" lasts until it is told to end, "deaf" until it is killed.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

bool write_text(const char* path, const std::string& text, const char* how = "w") {
  FILE* file = fopen(path, how);
  if (file == nullptr) return false;
  bool whole = fwrite(text.data(), 1, text.size(), file) == text.size();
  return fclose(file) == 0 && whole;
}

std::string read_text(const char* path) {
  char buffer[4096];
  FILE* file = fopen(path, "r");
  if (file == nullptr) return "";
  size_t size = fread(buffer, 1, sizeof buffer, file);
  fclose(file);
  return {buffer, size};
}

bool is_device(const char* path) {
  struct stat info{};
  if (stat(path, &info) != 0) return false;
  return S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
}

void end(int) {
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGTERM, end);
  for (int i = 1; i < argc; ++i) {
    std::string step = argv[i];
    bool good = false;
    if (step == "sleep") {
      for (;;) pause();
    } else if (step == "deaf") {
      signal(SIGTERM, SIG_IGN);
      for (;;) pause();
    } else if (step == "append" && i + 2 < argc) {
      good = write_text(argv[i + 1], std::string(argv[i + 2]) + "\n", "a");
      i += 2;
    } else if (step == "await" && i + 1 < argc) {
      while (access(argv[i + 1], F_OK) != 0) usleep(100'000);
      good = true;
      i += 1;
    } else if (step == "write" && i + 2 < argc) {
      good = write_text(argv[i + 1], argv[i + 2]);
      i += 2;
    } else if (step == "read" && i + 2 < argc) {
      good = read_text(argv[i + 1]) == argv[i + 2];
      i += 2;
    } else if (step == "refuse" && i + 1 < argc) {
      good = !write_text(argv[i + 1], "x");
      i += 1;
    } else if (step == "device" && i + 1 < argc) {
      good = is_device(argv[i + 1]);
      i += 1;
    }
    if (!good) {
      printf("%s failed at %s: %s\n", step.c_str(), argv[i], strerror(errno));
      return 1;
    }
  }
}
