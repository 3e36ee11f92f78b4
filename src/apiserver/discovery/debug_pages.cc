#include "apiserver/discovery/debug_pages.h"

#include <cstdio>
#include <ctime>

#include "apiserver/discovery/version.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr std::string_view kWarning =
    "\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is "
    "for debugging purposes only.\n\n";
constexpr int64_t kSecondNs = 1'000'000'000;

// "Wed Oct 16 21:03:43 UTC 2024"
std::string date(int64_t ns) {
  time_t seconds = ns / kSecondNs;
  tm parts;
  gmtime_r(&seconds, &parts);
  char text[40];
  return {text, strftime(text, sizeof text, "%a %b %e %H:%M:%S UTC %Y", &parts)};
}

std::string span(int64_t ns) {
  int64_t seconds = ns / kSecondNs;
  char text[64];
  int size = snprintf(text, sizeof text, "%lld hr %02d min %02d sec", static_cast<long long>(seconds / 3600),
                      static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return {text, static_cast<size_t>(size)};
}

}  // namespace

std::string flagz_page(std::string_view component, const FlagValues& flags) {
  std::string page = base::cat({"\n", component, " flags", kWarning});
  for (const auto& [name, value] : flags) page += base::cat({name, "=", value, "\n"});
  return page;
}

std::string statusz_page(std::string_view component, int64_t started_ns, int64_t now_ns,
                         const std::vector<std::string>& paths) {
  std::string_view version = kGitVersion;
  version.remove_prefix(1);  // its "v"
  std::string page = base::cat({"\n", component, " statusz", kWarning, "Started: ", date(started_ns),
                                "\nUp: ", span(now_ns - started_ns), "\nGo version: none\nBinary version: ", version,
                                "\nEmulation version: ", kMajor, ".", kMinor, "\nPaths:"});
  for (const auto& path : paths) page += base::cat({" ", path});
  return page + "\n";
}

}  // namespace apiserver
