#include "kubelet/eviction/threshold.h"

#include <array>
#include <charconv>

#include "base/strings.h"
#include "base/time.h"

namespace kubelet {
namespace {

struct SignalRow {
  std::string_view name, resource, condition;
};
// In the order of Signal.
constexpr std::array<SignalRow, 9> kSignals = {{{"memory.available", "memory", "MemoryPressure"},
                                                {"allocatableMemory.available", "memory", "MemoryPressure"},
                                                {"nodefs.available", "ephemeral-storage", "DiskPressure"},
                                                {"nodefs.inodesFree", "inodes", "DiskPressure"},
                                                {"imagefs.available", "ephemeral-storage", "DiskPressure"},
                                                {"imagefs.inodesFree", "inodes", "DiskPressure"},
                                                {"containerfs.available", "ephemeral-storage", "DiskPressure"},
                                                {"containerfs.inodesFree", "inodes", "DiskPressure"},
                                                {"pid.available", "pids", "PIDPressure"}}};

const SignalRow& row(Signal signal) {
  return kSignals.at(static_cast<size_t>(signal));
}

base::Result<Signal> parse_signal(std::string_view name) {
  for (size_t i = 0; i < kSignals.size(); ++i)
    if (kSignals.at(i).name == name) return static_cast<Signal>(i);
  return base::fail(base::Code::BadRequest, base::cat({"unrecognized eviction signal ", name}));
}

base::Result<double> parse_share(std::string_view text) {
  double percent = 0;
  auto digits = text.substr(0, text.size() - 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (error != std::errc() || end != digits.data() + digits.size())
    return base::fail(base::Code::BadRequest,
                      base::cat({"strconv.ParseFloat: parsing ", base::quote(digits), ": invalid syntax"}));
  return percent / 100;
}

// Nothing: 0% and 100% stand for no threshold at all.
base::Result<std::optional<Limit>> parse_limit(std::string_view signal, std::string_view text) {
  if (text.ends_with('%')) {
    if (text == "0%" || text == "100%") return std::optional<Limit>();
    TRY(double share, parse_share(text));
    if (share < 0)
      return base::fail(base::Code::BadRequest,
                        base::cat({"eviction percentage threshold ", signal, " must be >= 0%: ", text}));
    if (share > 1)
      return base::fail(base::Code::BadRequest,
                        base::cat({"eviction percentage threshold ", signal, " must be <= 100%: ", text}));
    return std::optional(Limit{.amount = {}, .share = share});
  }
  TRY(auto amount, base::Quantity::parse(text));
  if (amount.sign() < 0 || amount.is_zero())
    return base::fail(base::Code::BadRequest,
                      base::cat({"eviction threshold ", signal, " must be positive: ", amount.to_string()}));
  return std::optional(Limit{.amount = amount});
}

base::Result<std::map<Signal, Limit>> parse_reclaims(const Words& words) {
  std::map<Signal, Limit> out;
  for (const auto& [name, text] : words) {
    TRY(auto signal, parse_signal(name));
    Limit limit;
    if (text.ends_with('%')) {
      TRY(limit.share, parse_share(text));
    } else {
      TRY(limit.amount, base::Quantity::parse(text));
    }
    if (limit.share < 0 || limit.amount.sign() < 0)
      return base::fail(base::Code::BadRequest, base::cat({"negative eviction minimum reclaim specified for ", name}));
    out[signal] = limit;
  }
  return out;
}

base::Result<std::map<Signal, int64_t>> parse_grace_periods(const Words& words) {
  std::map<Signal, int64_t> out;
  for (const auto& [name, text] : words) {
    TRY(auto signal, parse_signal(name));
    TRY(int64_t span, base::parse_duration(text));
    if (span < 0)
      return base::fail(base::Code::BadRequest, base::cat({"invalid eviction grace period specified: ", text,
                                                           ", must be a positive value for ", name}));
    out[signal] = span;
  }
  return out;
}

}  // namespace

std::string_view signal_name(Signal signal) {
  return row(signal).name;
}
std::string_view starved_resource(Signal signal) {
  return row(signal).resource;
}
std::string_view pressure_condition(Signal signal) {
  return row(signal).condition;
}

base::Quantity Limit::of(const base::Quantity& capacity) const {
  if (share == 0) return amount;
  return base::Quantity::of(static_cast<int64_t>(static_cast<double>(capacity.value()) * share),
                            base::Quantity::Format::BinarySI);
}

base::Result<std::vector<Threshold>> parse_thresholds(const ThresholdWords& words) {
  TRY(auto reclaims, parse_reclaims(words.minimum_reclaim));
  TRY(auto graces, parse_grace_periods(words.soft_grace_period));
  std::vector<Threshold> out;
  auto add = [&](Threshold threshold) {
    if (auto found = reclaims.find(threshold.signal); found != reclaims.end()) threshold.reclaim = found->second;
    out.push_back(std::move(threshold));
  };
  for (const auto& [name, text] : words.hard) {
    TRY(auto signal, parse_signal(name));
    TRY(auto limit, parse_limit(name, text));
    if (limit) add({.signal = signal, .limit = *limit});
  }
  for (const auto& [name, text] : words.soft) {
    TRY(auto signal, parse_signal(name));
    TRY(auto limit, parse_limit(name, text));
    auto grace = graces.find(signal);
    if (grace == graces.end())
      return base::fail(base::Code::BadRequest,
                        base::cat({"grace period must be specified for the soft eviction threshold ", name}));
    if (limit) add({.signal = signal, .limit = *limit, .grace_ns = grace->second});
  }
  if (words.enforce_pods) {
    for (size_t i = 0, count = out.size(); i < count; ++i) {
      if (out[i].signal != Signal::MemoryAvailable || !out[i].is_hard()) continue;
      out.push_back(out[i]);
      out.back().signal = Signal::AllocatableMemoryAvailable;
    }
  }
  return out;
}

const Words& default_hard_thresholds() {
  static const Words words = {{"memory.available", "100Mi"},
                              {"nodefs.available", "10%"},
                              {"nodefs.inodesFree", "5%"},
                              {"imagefs.available", "15%"},
                              {"imagefs.inodesFree", "5%"}};
  return words;
}

std::vector<Threshold> default_thresholds() {
  return *parse_thresholds(
      {.hard = default_hard_thresholds(), .soft = {}, .soft_grace_period = {}, .minimum_reclaim = {}});
}

base::Result<Words> parse_threshold_flag(std::string_view text) {
  Words out;
  for (auto part : base::split(text, ',')) {
    if (base::trim(part).empty()) continue;
    auto sign = part.find('<');
    if (sign == std::string_view::npos)
      return base::fail(base::Code::BadRequest, base::cat({"malformed pair, expect string<string"}));
    out[std::string(base::trim(part.substr(0, sign)))] = base::trim(part.substr(sign + 1));
  }
  return out;
}

}  // namespace kubelet
