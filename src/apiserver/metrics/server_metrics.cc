#include "apiserver/metrics/server_metrics.h"

#include "apiserver/discovery/version.h"

namespace apiserver {

using base::Stability;

ServerMetrics::ServerMetrics(const Sources& sources)
    : sources_(sources),
      requests_(sources.metrics),
      objects_(sources.metrics.gauges(
          {"apiserver_resource_objects", "Objects stored, by resource.", Stability::Alpha, {"group", "resource"}})) {
  auto& metrics = sources_.metrics;
  metrics.add_process();
  auto& in_flight = metrics.gauges({"apiserver_current_inflight_requests",
                                    "Requests being answered, but for those that are open for long.",
                                    Stability::Stable,
                                    {"request_kind"}});
  metrics.on_collect([this, &in_flight] {
    in_flight.with({"readOnly"}).set(sources_.reads.load());
    in_flight.with({"mutating"}).set(sources_.writes.load());
  });
  metrics
      .gauges({"kubernetes_build_info",
               "Always 1; the labels say what this server is.",
               Stability::Alpha,
               {"build_date", "compiler", "git_commit", "git_tree_state", "git_version", "go_version", "major", "minor",
                "platform"}})
      .with({"1970-01-01T00:00:00Z", "clang", "", "clean", kGitVersion, "none", kMajor, kMinor, "linux/amd64"})
      .set(1);
}

io::Task<std::string> ServerMetrics::text() {
  auto all = sources_.catalog.built_in();
  auto custom = sources_.catalog.custom();
  for (const auto& [prefix, kind] : custom->stored()) all.push_back(kind);
  for (const auto& served : all) {
    if (!served->is_stored() || served->needs_conversion()) continue;
    store::ListOptions one;
    one.limit = 1;
    one.consistent = false;
    auto page = co_await sources_.store.list(served->prefix(""), std::move(one));
    if (!page) continue;
    objects_.with({served->row().group, served->row().plural})
        .set(static_cast<double>(page->entries.size() + page->remaining));
  }
  co_return sources_.metrics.to_text();
}

}  // namespace apiserver
