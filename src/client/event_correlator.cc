#include "client/event_correlator.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"

namespace client {
namespace {

constexpr double kBurst = 25;
constexpr double kRefillPerNs = 1.0 / 300e9;
constexpr size_t kSimilarMax = 10;
constexpr int64_t kSimilarNs = 600'000'000'000;

std::string hex(uint64_t number) {
  char text[20];
  snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

template <class V>
V& EventCorrelator::Memory<V>::operator[](const std::string& key) {
  if (auto place = places_.find(key); place != places_.end()) {
    order_.splice(order_.begin(), order_, place->second);
    return order_.front().second;
  }
  if (order_.size() >= kRemembered) {
    places_.erase(order_.back().first);
    order_.pop_back();
  }
  order_.emplace_front(key, V());
  places_.emplace(order_.front().first, order_.begin());
  return order_.front().second;
}

template <class V>
void EventCorrelator::Memory<V>::erase(const std::string& key) {
  auto place = places_.find(key);
  if (place == places_.end()) return;
  auto node = place->second;
  places_.erase(place);
  order_.erase(node);
}

bool EventCorrelator::allow(const std::string& source, int64_t now_ns) {
  Bucket& bucket = buckets_[source];
  if (!bucket.known) bucket = {.known = true, .tokens = kBurst, .filled_ns = now_ns};
  bucket.tokens = std::min(kBurst, bucket.tokens + static_cast<double>(now_ns - bucket.filled_ns) * kRefillPerNs);
  bucket.filled_ns = now_ns;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

EventCorrelator::Outcome EventCorrelator::correlate(api::core_v1::Event event, int64_t monotonic_ns, base::Time now) {
  const auto& about = event.involved_object;
  std::string object =
      base::cat({event.source.component, "|", event.source.host, "|", about.kind, "|", about.namespace_, "|",
                 about.name, "|", about.uid, "|", about.api_version, "|", about.field_path});
  if (!allow(object, monotonic_ns)) return {};

  std::string key = base::cat({object, "\n", event.type, "\n", event.reason});
  Similar& similar = similar_[key];
  if (monotonic_ns - similar.last_ns > kSimilarNs) similar.messages.clear();
  similar.last_ns = monotonic_ns;
  if (similar.messages.size() < kSimilarMax || similar.messages.contains(event.message)) {
    similar.messages.insert(event.message);
    key += base::cat({"\n", event.message});
  } else {
    event.message = base::cat({"(combined from similar events): ", event.message});
  }

  Seen& seen = seen_[key];
  Outcome outcome{
      .verdict = seen.count == 0 ? Verdict::Create : Verdict::Count, .event = std::move(event), .key = std::move(key)};
  seen.count++;
  if (seen.count == 1) {
    seen.name = base::cat({outcome.event.involved_object.name, ".", hex(static_cast<uint64_t>(now.to_ns()))});
    seen.first = now;
  }
  outcome.event.metadata.name = seen.name;
  outcome.event.count = seen.count;
  outcome.event.first_timestamp = seen.first;
  outcome.event.last_timestamp = now;
  return outcome;
}

void EventCorrelator::lost(const std::string& key) {
  seen_.erase(key);
}

}  // namespace client
