#include "kubelet/alignment/shared_cpus.h"

#include "base/log.h"

namespace kubelet {
namespace {

constexpr auto kRetry = std::chrono::seconds(10);

}  // namespace

SharedCpus::SharedCpus(Alignment& alignment, const Pods& pods, Runtime& runtime)
    : alignment_(alignment), pods_(pods), runtime_(runtime) {
  alignment_.on_shared_change([this] { changed_.set(); });
}

io::Task<void> SharedCpus::run() {
  for (;;) {
    changed_.reset();
    bool done = alignment_.cpus() == nullptr || co_await bring_up_to_date();
    if (done) {
      co_await changed_.wait();
    } else {
      co_await io::sleep(kRetry);
    }
  }
}

io::Task<bool> SharedCpus::bring_up_to_date() {
  std::map<std::string, std::string> wanted;
  for (const auto* worker : pods_.workers())
    for (const auto& record : worker->record().containers)
      if (record.is_running())
        wanted[record.id] = to_cpu_list(alignment_.cpus()->cpus_of(worker->pod().metadata.uid, record.name));
  std::erase_if(told_, [&](auto& one) { return !wanted.contains(one.first); });
  bool all = true;
  for (const auto& [id, cpus] : wanted) {
    if (auto before = told_.find(id); before != told_.end() && before->second == cpus) continue;
    api::cri::LinuxContainerResources resources;
    resources.cpuset_cpus = cpus;
    auto updated = co_await runtime_.update_container_resources(id, std::move(resources));
    if (updated) told_[id] = cpus;
    if (updated || updated.error().code() == base::Code::NotFound) continue;
    LOG_WARNING("A container cannot be kept to its processors", {"container", id},
                {"error", updated.error().message()});
    all = false;
  }
  co_return all;
}

}  // namespace kubelet
