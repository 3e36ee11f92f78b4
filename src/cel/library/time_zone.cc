#include "cel/library/time_zone.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/strings.h"

namespace cel::library {
namespace {

struct Zone {
  bool known = false;
  std::vector<int64_t> since;    // moments at which the offset changes
  std::vector<int32_t> offsets;  // from then on
  int32_t before = 0;            // the first of them
};

// RFC 8536, version 2 and later: the second block, with 64 bit times.
class ZoneFile {
 public:
  explicit ZoneFile(std::string_view bytes) : bytes_(bytes) {}

  Zone read() {
    Zone zone;
    if (!header() || version_ < '2') return zone;
    skip(times_ * 5 + types_ * 6 + characters_ + leaps_ * 8 + standard_ + universal_);
    if (!header() || bytes_.size() < times_ * 9 + types_ * 6 || types_ == 0) return zone;
    for (size_t i = 0; i < times_; ++i) zone.since.push_back(static_cast<int64_t>(number(i * 8, 8)));
    std::string_view indexes = bytes_.substr(times_ * 8, times_);
    size_t type_table = times_ * 9;
    auto offset = [&](size_t type) { return static_cast<int32_t>(number(type_table + type * 6, 4)); };
    for (char index : indexes) {
      auto type = static_cast<unsigned char>(index);
      if (type >= types_) return {};
      zone.offsets.push_back(offset(type));
    }
    zone.before = offset(0);
    zone.known = true;
    return zone;
  }

 private:
  uint64_t number(size_t at, size_t width) const {
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    return value;
  }
  void skip(uint64_t count) { bytes_.remove_prefix(std::min<uint64_t>(count, bytes_.size())); }
  bool header() {
    if (bytes_.size() < 44 || !bytes_.starts_with("TZif")) return false;
    version_ = bytes_[4];
    universal_ = number(20, 4);
    standard_ = number(24, 4);
    leaps_ = number(28, 4);
    times_ = number(32, 4);
    types_ = number(36, 4);
    characters_ = number(40, 4);
    skip(44);
    return true;
  }

  std::string_view bytes_;
  char version_ = 0;
  uint64_t universal_ = 0, standard_ = 0, leaps_ = 0, times_ = 0, types_ = 0, characters_ = 0;
};

const Zone& find_zone(std::string_view name) {
  constexpr size_t kKept = 64;
  thread_local std::map<std::string, Zone, std::less<>> kept;
  auto found = kept.find(name);
  if (found != kept.end()) return found->second;
  if (kept.size() >= kKept) kept.clear();
  Zone zone;
  bool plain =
      !name.empty() && name.size() < 100 && name.find("..") == std::string_view::npos && name[0] != '/' &&
      std::all_of(
          name.begin(), name.end(),
          [](unsigned char c) {
            return std::isalnum(c) || std::string_view("/_+-").find(static_cast<char>(c)) != std::string_view::npos;
          });
  if (plain) {
    if (auto bytes = base::read_file(base::cat({"/usr/share/zoneinfo/", name}))) zone = ZoneFile(*bytes).read();
  }
  return kept.emplace(std::string(name), std::move(zone)).first->second;
}

// "+05:30", "-08:00", "02:00".
std::optional<int64_t> fixed_offset(std::string_view zone) {
  size_t colon = zone.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  int64_t sign = 1;
  std::string_view hours = zone.substr(0, colon);
  if (hours.starts_with('+') || hours.starts_with('-')) {
    if (hours[0] == '-') sign = -1;
    hours.remove_prefix(1);
  }
  auto h = base::parse_int(hours);
  auto m = base::parse_int(zone.substr(colon + 1));
  if (!h || !m || *h < 0 || *h > 24 || *m < 0 || *m > 59) return std::nullopt;
  return sign * (*h * 3600 + *m * 60);
}

}  // namespace

std::optional<int64_t> zone_offset(std::string_view zone, int64_t unix_seconds) {
  if (zone.empty() || zone == "UTC") return 0;
  if (zone.find(':') != std::string_view::npos) return fixed_offset(zone);
  const Zone& found = find_zone(zone);
  if (!found.known) return std::nullopt;
  auto after = std::upper_bound(found.since.begin(), found.since.end(), unix_seconds);
  if (after == found.since.begin()) return found.before;
  return found.offsets[after - found.since.begin() - 1];
}

}  // namespace cel::library
