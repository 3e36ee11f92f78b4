#include "controller/node_ipam/node_ipam.h"

#include "api/core_v1.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"

namespace controller {

uint64_t BlockSet::count() const {
  int bits = std::min(block_prefix_ - network_.prefix_length(), 32);
  return bits < 0 ? 0 : uint64_t{1} << bits;
}

base::IpNetwork BlockSet::block(uint64_t number) const {
  int host_bits = (network_.is_v4() ? 32 : 128) - block_prefix_;
  if (host_bits < 64) return base::IpNetwork(network_.address().plus(number << host_bits), block_prefix_);
  // The number stands left of the host's 64 bits or more.
  auto bytes = network_.address().bytes();
  int shift = host_bits;
  for (int i = 15 - shift / 8; i >= 0 && number != 0; i--) {
    uint64_t part = i == 15 - shift / 8 ? number << (shift % 8) : number;
    bytes[static_cast<size_t>(i)] |= static_cast<uint8_t>(part);
    number = i == 15 - shift / 8 ? number >> (8 - shift % 8) : number >> 8;
  }
  return base::IpNetwork(base::IpAddress::v6(bytes), block_prefix_);
}

std::optional<uint64_t> BlockSet::number_of(const base::IpNetwork& one) const {
  if (one.prefix_length() != block_prefix_ || !network_.contains(one.address())) return std::nullopt;
  uint64_t number = 0;
  int first = network_.prefix_length() + (network_.is_v4() ? 96 : 0);
  int last = block_prefix_ + (network_.is_v4() ? 96 : 0);
  for (int bit = first; bit < last; bit++) {
    number = number << 1 | (one.address().bytes()[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1);
  }
  return number;
}

void BlockSet::take(const base::IpNetwork& block) {
  if (auto number = number_of(block)) used_.insert(*number);
}
void BlockSet::free(const base::IpNetwork& block) {
  if (auto number = number_of(block)) used_.erase(*number);
}

std::optional<base::IpNetwork> BlockSet::next() {
  uint64_t all = count();
  if (used_.size() >= all) return std::nullopt;
  while (used_.contains(at_ % all)) at_++;
  uint64_t number = at_++ % all;
  used_.insert(number);
  return block(number);
}

namespace {

using api::core_v1::Node;
using base::Result;
using client::Key;

class NodeIpamController final : public Controller {
 public:
  explicit NodeIpamController(Context& context)
      : context_(context),
        nodes_(context.caches.of<Node>()),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "cidrAllocator") {
    for (std::string_view text : base::split(context.options.cluster_cidr, ',')) {
      auto network = base::IpNetwork::parse(base::trim(text));
      if (!network) continue;
      blocks_.emplace_back(*network, network->is_v4() ? context.options.node_cidr_mask_size_ipv4
                                                      : context.options.node_cidr_mask_size_ipv6);
    }
    nodes_.add_listener([this](const Key& key, const Node* before, const Node* now) {
      if (now == nullptr) {
        for_each_block(*before, [](BlockSet& blocks, const base::IpNetwork& block) { blocks.free(block); });
        // Somebody may be waiting for it.
        for (const Key& waiting : waiting_) queue_.add(waiting);
        waiting_.clear();
        return;
      }
      for_each_block(*now, [](BlockSet& blocks, const base::IpNetwork& block) { blocks.take(block); });
      if (now->spec.pod_cidrs.empty() && now->spec.pod_cidr.empty()) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    if (blocks_.empty() || !context_.options.allocate_node_cidrs) co_return;
    io::Scope scope;
    scope.spawn(events_.run());
    // All nodes' ranges are known before the first is given.
    co_await nodes_.wait_synced();
    co_await client::run_workers("node-ipam", queue_, 1, [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  template <class Use>
  void for_each_block(const Node& node, Use use) {
    std::vector<std::string> texts = node.spec.pod_cidrs;
    if (texts.empty() && !node.spec.pod_cidr.empty()) texts = {node.spec.pod_cidr};
    for (const std::string& text : texts) {
      auto block = base::IpNetwork::parse(text);
      if (!block) continue;
      for (BlockSet& blocks : blocks_) use(blocks, *block);
    }
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto node = nodes_.get(key);
    if (!node || !node->spec.pod_cidrs.empty() || !node->spec.pod_cidr.empty()) co_return {};
    std::vector<base::IpNetwork> given;
    for (BlockSet& blocks : blocks_) {
      auto block = blocks.next();
      if (!block) {
        give_back(given);
        waiting_.insert(key);
        events_.record(client::EventRecorder::reference(*node), client::EventType::Normal, "CIDRNotAvailable",
                       "Node " + key.name + " status is now: CIDRNotAvailable");
        co_return {};
      }
      given.push_back(*block);
    }
    std::string list;
    for (const base::IpNetwork& block : given) list += (list.empty() ? "\"" : ",\"") + block.to_string() + "\"";
    std::string patch = base::cat({R"({"metadata":{"uid":")", node->metadata.uid, R"("},"spec":{"podCIDR":")",
                                   given[0].to_string(), R"(","podCIDRs":[)", list, "]}}"});
    auto patched = co_await context_.client.patch<Node>("", key.name, client::PatchType::Merge, std::move(patch));
    if (patched) {
      LOG_INFO("Set node PodCIDR", {"node", key.name}, {"podCIDRs", list});
      co_return {};
    }
    give_back(given);
    if (patched.error().code() == base::Code::NotFound) co_return {};
    co_return base::fail(patched.error());
  }

  void give_back(const std::vector<base::IpNetwork>& given) {
    for (const base::IpNetwork& block : given) {
      for (BlockSet& blocks : blocks_) blocks.free(block);
    }
  }

  Context& context_;
  client::Cache<Node>& nodes_;
  std::vector<BlockSet> blocks_;
  std::set<Key> waiting_;  // for a range to become free
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_node_ipam_controller(Context& context) {
  return std::make_unique<NodeIpamController>(context);
}

}  // namespace controller
