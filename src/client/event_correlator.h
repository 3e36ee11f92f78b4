// Decides what becomes of an event: dropped as spam, folded into one that was seen before, or new. Pure but for its
// memory, which is bounded. The rules are upstream's: 25 events at once about one object from one source, then one in 5
// minutes; the same reason with an 11th different message within 10 minutes becomes "(combined from similar events)";
// what repeats is counted up.
#pragma once

#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <unordered_map>

#include "api/core_v1.h"

namespace client {

class EventCorrelator {
 public:
  enum class Verdict : uint8_t { Drop, Create, Count };
  struct Outcome {
    Verdict verdict = Verdict::Drop;
    // What to create, or what the stored one becomes: name, count, times and message are filled in.
    api::core_v1::Event event;
    std::string key;  // for stored() and lost()
  };

  // `event` is complete but for name, count and times.
  Outcome correlate(api::core_v1::Event event, int64_t monotonic_ns, base::Time now);
  // The event under `key` is not there any more: the next one is created anew.
  void lost(const std::string& key);

 private:
  static constexpr size_t kRemembered = 4096;

  // A map that forgets what was used least recently.
  template <class V>
  class Memory {
   public:
    V& operator[](const std::string& key);
    void erase(const std::string& key);

   private:
    std::list<std::pair<std::string, V>> order_;  // newest first
    std::unordered_map<std::string_view, typename std::list<std::pair<std::string, V>>::iterator> places_;
  };
  struct Bucket {
    bool known = false;
    double tokens = 0;
    int64_t filled_ns = 0;
  };
  struct Similar {
    std::set<std::string> messages;
    int64_t last_ns = 0;
  };
  struct Seen {
    int32_t count = 0;
    std::string name;
    base::Time first;
  };

  bool allow(const std::string& source, int64_t now_ns);

  Memory<Bucket> buckets_;
  Memory<Similar> similar_;
  Memory<Seen> seen_;
};

}  // namespace client
