#include "base/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/file.h"
#include "base/strings.h"

namespace base {
namespace {

void append_number(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

void append_escaped(std::string& out, std::string_view value, bool quotes) {
  if (value.find_first_of(quotes ? "\\\n\"" : "\\\n") == std::string_view::npos) {
    out += value;
    return;
  }
  for (char c : value) {
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string_view stability_name(Stability stability) {
  switch (stability) {
    case Stability::Alpha:
      return "ALPHA";
    case Stability::Beta:
      return "BETA";
    case Stability::Stable:
      break;
  }
  return "STABLE";
}

// `name{labels,more} value`.
void append_sample(std::string& out, std::string_view name, std::string_view labels, std::string_view more,
                   double value) {
  out += name;
  if (!labels.empty() || !more.empty()) {
    out += '{';
    out += labels;
    if (!labels.empty() && !more.empty()) out += ',';
    out += more;
    out += '}';
  }
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_metric(std::string& out, std::string_view name, std::string_view labels, const Counter& counter) {
  append_sample(out, name, labels, "", counter.value());
}

void append_metric(std::string& out, std::string_view name, std::string_view labels, const Gauge& gauge) {
  append_sample(out, name, labels, "", gauge.value());
}

void append_metric(std::string& out, std::string_view name, std::string_view labels, const Histogram& histogram) {
  std::string bucket = cat({name, "_bucket"});
  uint64_t total = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    total += histogram.count(i);
    std::string bound = "le=\"";
    append_number(bound, i < histogram.bounds().size() ? histogram.bounds()[i] : INFINITY);
    append_sample(out, bucket, labels, bound + '"', static_cast<double>(total));
  }
  append_sample(out, cat({name, "_sum"}), labels, "", histogram.sum());
  append_sample(out, cat({name, "_count"}), labels, "", static_cast<double>(total));
}

template <class Metric>
std::unique_ptr<Metric> make_metric(const std::vector<double>& bounds) {
  if constexpr (std::is_same_v<Metric, Histogram>) {
    return std::make_unique<Histogram>(bounds);
  } else {
    return std::make_unique<Metric>();
  }
}

// Fields of /proc/self/stat behind the program's name, which may hold anything: the first is the state.
std::vector<std::string> process_fields() {
  auto text = read_file("/proc/self/stat");
  std::vector<std::string> fields;
  if (!text) return fields;
  auto end = text->rfind(')');
  if (end == std::string::npos) return fields;
  for (auto field : split(trim(text->substr(end + 1)), ' ')) fields.emplace_back(field);
  return fields;
}

double number_at(const std::vector<std::string>& fields, size_t i) {
  return i < fields.size() ? static_cast<double>(parse_uint(fields[i]).value_or(0)) : 0;
}

double boot_time_seconds() {
  auto text = read_file("/proc/stat");
  if (!text) return 0;
  for (auto line : split(*text, '\n')) {
    if (line.starts_with("btime ")) return static_cast<double>(parse_uint(trim(line.substr(6))).value_or(0));
  }
  return 0;
}

}  // namespace

void Histogram::observe(double value) {
  auto bucket = static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

template <class Metric>
Metric& MetricFamily<Metric>::with(std::initializer_list<std::string_view> values) {
  thread_local std::string labels;
  labels.clear();
  auto value = values.begin();
  for (const auto& label : description_.labels) {
    if (!labels.empty()) labels += ',';
    labels += label;
    labels += "=\"";
    if (value != values.end()) append_escaped(labels, *value++, true);
    labels += '"';
  }
  Lock lock(mutex_);
  auto found = members_.find(labels);
  if (found == members_.end()) found = members_.emplace(labels, make_metric<Metric>(bounds_)).first;
  return *found->second;
}

template class MetricFamily<Counter>;
template class MetricFamily<Gauge>;
template class MetricFamily<Histogram>;

template <class Metric>
MetricFamily<Metric>& Metrics::add(MetricDescription description, std::vector<double> bounds, std::string_view type) {
  std::string name = description.name;
  auto family = std::make_shared<MetricFamily<Metric>>(std::move(description), std::move(bounds));
  auto write = [family, type](std::string& out) {
    Lock lock(family->mutex_);
    if (family->members_.empty()) return;
    const auto& about = family->description_;
    out += cat({"# HELP ", about.name, " [", stability_name(about.stability), "] "});
    append_escaped(out, about.help, false);
    out += cat({"\n# TYPE ", about.name, " ", type, "\n"});
    std::map<std::string_view, const Metric*> sorted;
    for (const auto& [labels, metric] : family->members_) sorted.emplace(labels, metric.get());
    for (const auto& [labels, metric] : sorted) append_metric(out, about.name, labels, *metric);
  };
  Lock lock(mutex_);
  writers_[std::move(name)] = std::move(write);
  return *family;
}

Counters& Metrics::counters(MetricDescription description) {
  return add<Counter>(std::move(description), {}, "counter");
}
Gauges& Metrics::gauges(MetricDescription description) {
  return add<Gauge>(std::move(description), {}, "gauge");
}
Histograms& Metrics::histograms(MetricDescription description, std::vector<double> bounds) {
  return add<Histogram>(std::move(description), std::move(bounds), "histogram");
}

void Metrics::on_collect(Collect collect) {
  Lock lock(mutex_);
  collects_.push_back(std::move(collect));
}

void Metrics::add_process() {
  auto& cpu = counters({"process_cpu_seconds_total",
                        "Processor time spent, in user and system mode, in seconds.",
                        Stability::Alpha,
                        {}});
  auto& resident = gauges({"process_resident_memory_bytes", "Resident memory in bytes.", Stability::Alpha, {}});
  auto& virtual_size = gauges({"process_virtual_memory_bytes", "Virtual memory in bytes.", Stability::Alpha, {}});
  auto& start =
      gauges({"process_start_time_seconds", "When the process started, in seconds since 1970.", Stability::Alpha, {}});
  auto& open = gauges({"process_open_fds", "Open file descriptors.", Stability::Alpha, {}});
  auto& most = gauges({"process_max_fds", "How many file descriptors may be open.", Stability::Alpha, {}});
  on_collect([&] {
    auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    // Positions as in proc(5), counted from the state, which is its field 3.
    auto fields = process_fields();
    cpu.alone().set((number_at(fields, 11) + number_at(fields, 12)) / ticks);
    start.alone().set(boot_time_seconds() + number_at(fields, 19) / ticks);
    virtual_size.alone().set(number_at(fields, 20));
    resident.alone().set(number_at(fields, 21) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    if (auto files = list_directory("/proc/self/fd")) open.alone().set(static_cast<double>(files->size()));
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) most.alone().set(static_cast<double>(limit.rlim_cur));
  });
}

std::string Metrics::to_text() const {
  std::vector<Collect> collects;
  std::vector<std::function<void(std::string&)>> writers;
  {
    Lock lock(mutex_);
    collects = collects_;
    for (const auto& [name, write] : writers_) writers.push_back(write);
  }
  for (const auto& collect : collects) collect();
  std::string out;
  for (const auto& write : writers) write(out);
  return out;
}

std::vector<double> exponential_bounds(double first, double factor, int count) {
  std::vector<double> bounds;
  for (int i = 0; i < count; ++i, first *= factor) bounds.push_back(first);
  return bounds;
}

}  // namespace base
