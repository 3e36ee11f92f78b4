// What a component counts and measures, and its text for Prometheus (exposition format 0.0.4). One Metrics per
// component; names, labels and stability are upstream's.
//
//   base::Counters& requests = metrics.counters({"apiserver_request_total", "Requests answered.", kStable, {"verb",
//   "code"}}); requests.with({"GET", "200"}).add();
//
// Families are made at start and live as long as their Metrics; all else is safe from any thread. Adding costs an
// atomic operation, finding a member by its labels a lock and a look-up: keep the member where that is too much.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"

namespace base {

enum class Stability : uint8_t { Alpha, Beta, Stable };

struct MetricDescription {
  std::string name;
  std::string help;
  Stability stability = Stability::Alpha;
  std::vector<std::string> labels;
};

class Counter {
 public:
  void add(double amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  void set(double total) { value_.store(total, std::memory_order_relaxed); }  // of what is counted elsewhere
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}
  void observe(double value);

  std::span<const double> bounds() const { return bounds_; }  // upper, ascending, without +Inf
  uint64_t count(size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }  // of that bucket alone
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::span<const double> bounds_;  // of the family
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_ = 0;
};

// The metrics of one name, by the values of their labels.
template <class Metric>
class MetricFamily {
 public:
  MetricFamily(MetricDescription description, std::vector<double> bounds)
      : description_(std::move(description)), bounds_(std::move(bounds)) {}
  MetricFamily(const MetricFamily&) = delete;

  // As many values as there are labels. The member stays for good, so values must come from a bounded set.
  Metric& with(std::initializer_list<std::string_view> values);
  Metric& alone() { return with({}); }

 private:
  friend class Metrics;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  const MetricDescription description_;
  const std::vector<double> bounds_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Metric>, Hash, std::equal_to<>> members_
      GUARDED_BY(mutex_);  // by rendered labels
};

using Counters = MetricFamily<Counter>;
using Gauges = MetricFamily<Gauge>;
using Histograms = MetricFamily<Histogram>;

class Metrics {
 public:
  // What is known only when somebody asks. Called by to_text(), from the thread that asks.
  using Collect = std::function<void()>;

  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counters& counters(MetricDescription description);
  Gauges& gauges(MetricDescription description);
  Histograms& histograms(MetricDescription description, std::vector<double> bounds);
  void on_collect(Collect collect);
  // Processor time, memory, open files and start of this process.
  void add_process();

  // By name; families without a member are left out.
  std::string to_text() const;

 private:
  template <class Metric>
  MetricFamily<Metric>& add(MetricDescription description, std::vector<double> bounds, std::string_view type);

  mutable Mutex mutex_;
  std::map<std::string, std::function<void(std::string&)>> writers_
      GUARDED_BY(mutex_);  // by name; each owns its family
  std::vector<Collect> collects_ GUARDED_BY(mutex_);
};

// `count` bounds from `first` on, each `factor` times the one before.
std::vector<double> exponential_bounds(double first, double factor, int count);

}  // namespace base
