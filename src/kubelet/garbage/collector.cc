#include "kubelet/garbage/collector.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "stats/filesystem.h"

namespace kubelet {
namespace {

constexpr auto kFirstLook = std::chrono::minutes(1);
constexpr auto kLookEvery = std::chrono::minutes(5);

int64_t now_ns() {
  return io::Loop::current().clock().wall_ns();
}

}  // namespace

void remove_orphaned_logs(const std::string& directory, const std::string& links,
                          const std::function<bool(std::string_view uid)>& is_known) {
  if (auto names = base::list_directory(directory)) {
    for (const auto& name : *names) {
      auto bar = name.rfind('_');
      if (bar == std::string::npos || is_known(std::string_view(name).substr(bar + 1))) continue;
      std::string path = base::cat({directory, "/", name});
      if (auto removed = base::remove_tree(path); !removed)
        LOG_WARNING("Cannot remove the logs of a pod that is gone", {"path", path},
                    {"error", removed.error().message()});
    }
  }
  if (links.empty()) return;
  auto names = base::list_directory(links);
  if (!names) return;
  for (const auto& name : *names) {
    std::string path = base::cat({links, "/", name});
    struct stat link{}, target{};
    if (lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode) && stat(path.c_str(), &target) != 0)
      unlink(path.c_str());
  }
}

io::Task<void> GarbageCollector::run() {
  (void)co_await look_at_images();
  co_await io::sleep(kFirstLook);
  for (;;) {
    auto collected = co_await collect_images();
    if (!collected) {
      LOG_ERROR("Image garbage collection failed", {"error", collected.error().message()});
      // Once may be because the runtime has only just begun.
      if (++failures_ > 1) node_warning_("ImageGCFailed", collected.error().message());
    } else {
      failures_ = 0;
    }
    co_await collect_remains();
    co_await collect_logs();
    co_await io::sleep(kLookEvery);
  }
}

io::Task<base::Result<void>> GarbageCollector::look_at_images() {
  CO_TRY(auto images, co_await context_.runtime.list_images());
  CO_TRY(auto containers, co_await context_.runtime.list_containers({}));
  const auto& kept = context_.options.image_garbage.kept;
  std::set<std::string> used(kept.begin(), kept.end());
  for (const auto& container : containers) {
    used.insert(container.image_ref);
    used.insert(container.image_id);
    if (container.image) used.insert(container.image->image);
  }
  used.erase("");
  records_.look(images, used, now_ns());
  co_return {};
}

io::Task<base::Result<void>> GarbageCollector::collect_images() {
  CO_TRY(co_await look_at_images());
  const auto& options = context_.options.image_garbage;
  co_await remove(records_.outdated(options, now_ns()), "age");
  CO_TRY(auto disks, co_await context_.runtime.image_filesystems());
  if (disks.image_filesystems.empty() || !disks.image_filesystems.front().fs_id) co_return {};
  std::string path = disks.image_filesystems.front().fs_id->mountpoint;
  CO_TRY(auto disk, co_await context_.pool.run([path] { return stats::read_filesystem(path); }));
  if (disk.capacity_bytes == 0) {
    node_warning_("InvalidDiskCapacity", "invalid capacity 0 on image filesystem");
    co_return base::fail(base::Code::Internal, "invalid capacity 0 on image filesystem");
  }
  uint64_t wanted = bytes_to_free(disk.capacity_bytes, disk.available_bytes, options);
  if (wanted == 0) co_return {};
  LOG_INFO("The disk of images is over the high threshold", {"bytesToFree", wanted});
  uint64_t freed = co_await remove(records_.to_free(wanted, options, now_ns()), "space");
  if (freed >= wanted) co_return {};
  std::string message =
      base::cat({"Failed to garbage collect required amount of images. Attempted to free ", std::to_string(wanted),
                 " bytes, but only found ", std::to_string(freed), " bytes eligible to free."});
  node_warning_("FreeDiskSpaceFailed", message);
  co_return base::fail(base::Code::Internal, message);
}

io::Task<uint64_t> GarbageCollector::remove(std::vector<UnusedImage> images, std::string_view reason) {
  uint64_t freed = 0;
  for (const auto& image : images) {
    LOG_INFO("Removing an image", {"imageID", image.id}, {"size", image.bytes}, {"reason", reason});
    auto removed = co_await context_.runtime.remove_image(image.id);
    if (!removed) {
      LOG_WARNING("Cannot remove an image", {"imageID", image.id}, {"error", removed.error().message()});
      continue;
    }
    context_.metrics->image_garbage.with({reason}).add();
    records_.forget(image.id);
    freed += image.bytes;
  }
  co_return freed;
}

// Of pods that have ended, the oldest first, until no more are left than the node is to keep.
io::Task<void> GarbageCollector::collect_remains() {
  int32_t most = context_.options.dead_containers_max;
  if (most < 0) co_return;
  struct Remains {
    int64_t created_ns;
    std::string id;
  };
  std::vector<Remains> ended;
  int64_t dead = 0;
  for (const auto* worker : pods_.workers())
    for (const auto& container : worker->record().containers) {
      if (container.is_running()) continue;
      ++dead;
      bool is_old = now_ns() - container.created_ns >= context_.options.dead_container_age_ns;
      if (worker->has_ended() && is_old) ended.push_back({container.created_ns, container.id});
    }
  std::ranges::sort(ended, {}, &Remains::created_ns);
  for (const auto& one : ended) {
    if (dead <= most) break;
    if (co_await context_.runtime.remove_container(one.id)) --dead;
  }
}

io::Task<void> GarbageCollector::free_all() {
  co_await pods_.remove_remains();
  if (auto looked = co_await look_at_images(); !looked) {
    LOG_WARNING("Cannot list images", {"error", looked.error().message()});
    co_return;
  }
  co_await remove(records_.to_free(UINT64_MAX, context_.options.image_garbage, now_ns()), "space");
}

io::Task<void> GarbageCollector::collect_logs() {
  std::set<std::string, std::less<>> known;
  auto at_runtime = co_await list_pods(context_.runtime);
  if (!at_runtime) co_return;
  for (const auto& [uid, record] : *at_runtime) known.insert(uid);
  for (const auto* worker : pods_.workers()) known.insert(worker->pod().metadata.uid);
  co_await context_.pool.run([known = std::move(known), logs = context_.options.pod_log_directory,
                              links = context_.options.container_log_directory] {
    remove_orphaned_logs(logs, links, [&](std::string_view uid) { return known.contains(uid); });
  });
}

}  // namespace kubelet
