#include "apiserver/resource_metrics/samples.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace apiserver::resource_metrics {
namespace {

constexpr double kSecond = 1e9;

// One line: `name{label="value"} 12.5 1700000000000`.
struct Line {
  std::string_view name;
  std::map<std::string, std::string, std::less<>> labels;
  double value = 0;
  std::optional<int64_t> at_ns;

  std::string label(std::string_view key) const {
    auto found = labels.find(key);
    return found == labels.end() ? "" : found->second;
  }
};

// Takes `{a="b",c="d"}` off the front of `text`. False when it is broken.
bool take_labels(std::string_view& text, Line& line) {
  text.remove_prefix(1);
  while (!text.empty() && text[0] != '}') {
    auto equals = text.find("=\"");
    if (equals == std::string_view::npos) return false;
    std::string_view key = text.substr(0, equals);
    text.remove_prefix(equals + 2);
    std::string value;
    while (!text.empty() && text[0] != '"') {
      if (text[0] == '\\' && text.size() > 1) text.remove_prefix(1);
      value += text[0];
      text.remove_prefix(1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
    if (text.starts_with(',')) text.remove_prefix(1);
    line.labels.emplace(key, std::move(value));
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<Line> read_line(std::string_view text) {
  if (text.empty() || text[0] == '#') return std::nullopt;
  Line line;
  size_t end = text.find_first_of("{ ");
  if (end == std::string_view::npos) return std::nullopt;
  line.name = text.substr(0, end);
  text.remove_prefix(end);
  if (text[0] == '{' && !take_labels(text, line)) return std::nullopt;
  auto words = base::split(base::trim(text), ' ');
  auto value = number(words[0]);
  if (!value) return std::nullopt;
  line.value = *value;
  if (words.size() > 1) {
    if (auto at_ms = number(words[1])) line.at_ns = static_cast<int64_t>(*at_ms) * 1'000'000;
  }
  return line;
}

// Pauses of the clock and counters that began anew tell nothing.
std::optional<Usage> between(const Sample* before, const Sample& now) {
  if (!now.has_cpu || !now.has_memory) return std::nullopt;
  double used = now.cpu_seconds;
  int64_t since_ns = now.started_ns;
  bool same = before != nullptr && before->has_cpu && before->started_ns == now.started_ns;
  if (same) {
    used -= before->cpu_seconds;
    since_ns = before->at_ns;
  }
  if (since_ns <= 0 || now.at_ns <= since_ns || used < 0) return std::nullopt;
  Usage usage;
  usage.at_ns = now.at_ns;
  usage.window_ns = now.at_ns - since_ns;
  usage.nano_cores = std::llround(used * kSecond / (static_cast<double>(usage.window_ns) / kSecond));
  usage.memory_bytes = now.memory_bytes;
  return usage;
}

}  // namespace

NodeSamples read_samples(std::string_view text, int64_t now_ns) {
  NodeSamples made;
  for (auto raw : base::split(text, '\n')) {
    auto line = read_line(raw);
    if (!line) continue;
    bool of_node = line->name.starts_with("node_");
    if (!of_node && !line->name.starts_with("container_")) continue;
    Sample& sample =
        of_node ? made.node
                : made.pods[base::cat({line->label("namespace"), "/", line->label("pod")})][line->label("container")];
    if (line->name.ends_with("_cpu_usage_seconds_total")) {
      sample.cpu_seconds = line->value;
      sample.at_ns = line->at_ns.value_or(now_ns);
      sample.has_cpu = true;
    } else if (line->name.ends_with("_memory_working_set_bytes")) {
      sample.memory_bytes = static_cast<int64_t>(line->value);
      sample.has_memory = true;
    } else if (line->name == "container_start_time_seconds") {
      sample.started_ns = std::llround(line->value * 1e3) * 1'000'000;
    }
  }
  return made;
}

NodeUsage usage_between(const NodeSamples& before, const NodeSamples& now) {
  NodeUsage made;
  made.node = between(&before.node, now.node);
  for (const auto& [pod, containers] : now.pods) {
    auto pod_before = before.pods.find(pod);
    for (const auto& [name, sample] : containers) {
      const Sample* earlier = nullptr;
      if (pod_before != before.pods.end()) {
        auto found = pod_before->second.find(name);
        if (found != pod_before->second.end()) earlier = &found->second;
      }
      auto usage = between(earlier, sample);
      if (!usage) continue;
      usage->container = name;
      made.pods[pod].push_back(std::move(*usage));
    }
  }
  return made;
}

}  // namespace apiserver::resource_metrics
