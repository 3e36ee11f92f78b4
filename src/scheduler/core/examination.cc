#include "scheduler/core/examination.h"

namespace scheduler {

Examination::Examination(const Plugins& plugins, const PodInfo& pod, const Cache& cache, const Nominations& nominations)
    : pod_(pod), nominations_(nominations) {
  for (const auto& plugin : plugins) {
    if (auto judge = plugin->judge(pod, cache)) opinions_.push_back({&plugin, std::move(judge)});
  }
}

std::optional<Examination::Objection> Examination::filter_all() {
  for (auto& opinion : opinions_) {
    if (!opinion.plugin->filters) continue;
    if (auto refusal = opinion.judge->filter_all()) return Objection{opinion.plugin->plugin.get(), std::move(*refusal)};
  }
  return std::nullopt;
}

std::optional<Examination::Objection> Examination::filter_as_it_is(const NodeInfo& node) {
  for (auto& opinion : opinions_) {
    if (!opinion.plugin->filters) continue;
    if (auto refusal = opinion.judge->filter(node)) return Objection{opinion.plugin->plugin.get(), std::move(*refusal)};
  }
  return std::nullopt;
}

std::optional<Examination::Objection> Examination::filter(const NodeInfo& node) {
  const auto* awaited = nominations_.on(node.name);
  if (awaited) {
    std::vector<PodInfoRef> counted;
    for (const auto& pod : *awaited) {
      if (pod->priority >= pod_.priority && pod->key != pod_.key) counted.push_back(pod);
    }
    if (!counted.empty()) {
      NodeInfo with_them = node;
      for (const auto& pod : counted) put_on(with_them, pod);
      auto objection = filter_as_it_is(with_them);
      for (const auto& pod : counted) take_off(with_them, pod);
      if (objection) return objection;
    }
  }
  return filter_as_it_is(node);
}

std::vector<int64_t> Examination::scores(const std::vector<const NodeInfo*>& fitting) {
  std::vector<int64_t> totals(fitting.size(), 0);
  std::vector<int64_t> scores(fitting.size());
  for (auto& opinion : opinions_) {
    int64_t weight = opinion.plugin->weight;
    if (weight == 0) continue;
    opinion.judge->begin_scoring(fitting);
    for (size_t i = 0; i < fitting.size(); ++i) scores[i] = opinion.judge->score(*fitting[i]);
    opinion.judge->normalize(scores);
    for (size_t i = 0; i < fitting.size(); ++i) totals[i] += weight * scores[i];
  }
  return totals;
}

void Examination::take_off(NodeInfo& node, const PodInfoRef& pod) {
  node.remove_pod(pod->key);
  for (auto& opinion : opinions_) opinion.judge->counted(*pod, node, -1);
}

void Examination::put_on(NodeInfo& node, const PodInfoRef& pod) {
  node.add_pod(pod);
  for (auto& opinion : opinions_) opinion.judge->counted(*pod, node, 1);
}

}  // namespace scheduler
