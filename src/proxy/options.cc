#include "proxy/options.h"

#include "base/strings.h"

namespace proxy {

base::Result<Mode> parse_mode(std::string_view text) {
  if (text.empty() || text == "iptables") return Mode::Iptables;
  if (text == "nftables") return Mode::Nftables;
  return base::fail(base::Code::BadRequest, base::cat({"unsupported proxy mode ", base::quote(std::string(text)),
                                                       ": there are iptables and nftables"}));
}

}  // namespace proxy
