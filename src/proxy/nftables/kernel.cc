#include "proxy/nftables/kernel.h"

#include "base/strings.h"
#include "io/process.h"

namespace proxy::nftables {
namespace {

io::Task<base::Result<void>> run_nft(std::string input) {
  io::CommandOptions options;
  options.argv = {"nft", "-f", "-"};
  options.input = base::Bytes(std::move(input));
  CO_TRY(auto result, co_await io::run_command(std::move(options)));
  if (result.status.ok()) co_return {};
  auto why = base::trim(result.error);
  co_return base::fail(base::Code::Internal, base::cat({"nft: ", result.status.text(), ": ", why.substr(0, 1000)}));
}

}  // namespace

io::Task<base::Result<void>> Kernel::apply(const Snapshot& snapshot) {
  auto wanted = make_ruleset(snapshot, options_);
  auto input = known_ ? difference(current_, wanted) : whole(wanted, options_);
  if (input.empty()) co_return {};
  known_ = false;  // until the kernel has said yes
  CO_TRY(co_await run_nft(std::move(input)));
  current_ = std::move(wanted);
  known_ = true;
  co_return {};
}

io::Task<base::Result<void>> Kernel::remove(Family family) {
  co_return co_await run_nft(removal(family));
}

}  // namespace proxy::nftables
