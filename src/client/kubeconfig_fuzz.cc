// Any file may be given as a kubeconfig; what is read is read again from what is written of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "client/kubeconfig.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto access = client::parse_kubeconfig(text, "/folder");
  if (!access) return 0;
  auto again = client::parse_kubeconfig(client::write_kubeconfig(*access), "/folder");
  if (!again || again->server != access->server || again->token != access->token) abort();
  return 0;
}
