#include "stats/network.h"

#include "base/file.h"
#include "base/strings.h"

namespace stats {

std::vector<InterfaceUsage> parse_interfaces(std::string_view net_dev) {
  std::vector<InterfaceUsage> out;
  for (auto line : base::split(net_dev, '\n')) {
    auto colon = line.find(':');  // the two lines of the heading have none
    if (colon == std::string_view::npos) continue;
    InterfaceUsage one;
    one.name = base::trim(line.substr(0, colon));
    if (one.name == "lo") continue;
    std::vector<uint64_t> numbers;
    for (auto word : base::split(line.substr(colon + 1), ' ')) {
      if (!word.empty()) numbers.push_back(base::parse_uint(word).value_or(0));
    }
    if (numbers.size() < 16) continue;
    one.received_bytes = numbers[0], one.received_packets = numbers[1];
    one.received_errors = numbers[2], one.received_dropped = numbers[3];
    one.sent_bytes = numbers[8], one.sent_packets = numbers[9], one.sent_errors = numbers[10],
    one.sent_dropped = numbers[11];
    out.push_back(std::move(one));
  }
  return out;
}

base::Result<std::vector<InterfaceUsage>> read_interfaces(int64_t process) {
  TRY(auto text, base::read_file(base::cat({"/proc/", std::to_string(process), "/net/dev"})));
  return parse_interfaces(text);
}

}  // namespace stats
