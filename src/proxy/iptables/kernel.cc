#include "proxy/iptables/kernel.h"

#include <algorithm>

#include "base/strings.h"
#include "io/process.h"

namespace proxy::iptables {
namespace {

constexpr size_t kSavedBytesMax = size_t{256} << 20;

io::Task<base::Result<std::string>> run(std::vector<std::string> argv, std::string input) {
  auto name = argv.front();
  io::CommandOptions options;
  options.argv = std::move(argv);
  options.input = base::Bytes(std::move(input));
  options.output_max = kSavedBytesMax;
  CO_TRY(auto result, co_await io::run_command(std::move(options)));
  if (!result.status.ok()) {
    co_return base::fail(base::Code::Internal,
                         base::cat({name, ": ", result.status.text(), ": ", base::trim(result.error)}));
  }
  co_return std::move(result.output);
}

// A rule as separate arguments; comments are the only quoted ones.
std::vector<std::string> words(std::string_view rule) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false;
  for (char c : rule) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

std::vector<std::string> jump_command(const std::string& tool, const char* verb, const Jump& jump) {
  std::vector<std::string> argv = {tool, "-w", "5", "-t", jump.table, verb, jump.chain};
  for (auto& word : words(jump.rule)) argv.push_back(std::move(word));
  return argv;
}

}  // namespace

Kernel::Kernel(Family family)
    : save_(family == Family::IPv6 ? "ip6tables-save" : "iptables-save"),
      restore_(family == Family::IPv6 ? "ip6tables-restore" : "iptables-restore"),
      tool_(family == Family::IPv6 ? "ip6tables" : "iptables") {}

io::Task<base::Result<void>> Kernel::apply(Ruleset wanted) {
  bool first = !known_;
  if (first) CO_TRY(co_await read_state());
  auto input = difference(current_, wanted);
  if (!input.empty()) {
    known_ = false;  // until the kernel has said yes
    CO_TRY(co_await run({restore_, "--noflush", "-w", "5"}, std::move(input)));
  }
  current_ = std::move(wanted);
  // The chains come first: a jump into a chain that is not there is refused.
  if (first) CO_TRY(co_await ensure_jumps());
  known_ = true;
  co_return {};
}

io::Task<base::Result<void>> Kernel::read_state() {
  CO_TRY(auto saved, co_await run({save_}, ""));
  current_ = chains_in(saved);
  co_return {};
}

io::Task<base::Result<void>> Kernel::ensure_jumps() {
  for (auto jump : jumps()) {
    auto present = co_await run(jump_command(tool_, "-C", jump), "");
    if (present) continue;
    CO_TRY(co_await run(jump_command(tool_, "-I", jump), ""));
  }
  co_return {};
}

io::Task<base::Result<void>> Kernel::remove() {
  for (auto jump : jumps()) {
    // As often as it is there; -D fails once it is not.
    while (co_await run(jump_command(tool_, "-D", jump), "")) {
    }
  }
  CO_TRY(co_await read_state());
  auto input = difference(current_, Ruleset{});
  if (!input.empty()) CO_TRY(co_await run({restore_, "--noflush", "-w", "5"}, std::move(input)));
  current_ = {};
  known_ = false;
  co_return {};
}

}  // namespace proxy::iptables
