// Prometheus' text for what is measured at one moment in many places: a family collects its samples, then writes them
// together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kubelet {

// A label's name and value, in the order in which they are shown.
using Labels = std::vector<std::pair<std::string_view, std::string>>;

class Exposition {
 public:
  explicit Exposition(int64_t at_ns) : time_ms_(std::to_string(at_ns / 1'000'000)) {}

  // Samples of one name, by the order of the first. Values as Prometheus reads them.
  void counter(std::string_view name, std::string_view help, const Labels& labels, double value) {
    add(name, "counter", help, labels, value, true);
  }
  void gauge(std::string_view name, std::string_view help, const Labels& labels, double value) {
    add(name, "gauge", help, labels, value, true);
  }
  // The same without the moment, for what does not change.
  void constant(std::string_view name, std::string_view help, const Labels& labels, double value) {
    add(name, "gauge", help, labels, value, false);
  }

  // By name.
  std::string text() const;

 private:
  void add(std::string_view name, std::string_view type, std::string_view help, const Labels& labels, double value,
           bool with_time);

  const std::string time_ms_;
  std::map<std::string, std::string, std::less<>> families_;  // text, heading first
};

}  // namespace kubelet
