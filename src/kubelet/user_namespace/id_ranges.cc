#include "kubelet/user_namespace/id_ranges.h"

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

constexpr uint32_t kUnit = 65536;
constexpr size_t kFileBytesMax = 4096;

std::string text_of(IdRange range) {
  std::string mapping = base::cat({R"([{"hostId":)", std::to_string(range.first), R"(,"containerId":0,"length":)",
                                   std::to_string(range.length), "}]"});
  return base::cat({R"({"uidMappings":)", mapping, R"(,"gidMappings":)", mapping, "}"});
}

base::Result<IdRange> parse(std::string_view text) {
  auto invalid = [](std::string_view why) {
    return base::fail(base::Code::Invalid, base::cat({"invalid user namespace configuration: ", why}));
  };
  auto value = Value::parse(text);
  if (!value) return base::fail(value.error().with_context("invalid user namespace mappings file"));
  const auto* users = value->find("uidMappings");
  const auto* groups = value->find("gidMappings");
  if (users == nullptr || !users->is_array() || users->as_array().size() != 1)
    return invalid("no more than one mapping allowed.");
  if (groups == nullptr || *users != *groups) return invalid("GID and UID mapping should be identical");
  auto number = [&](std::string_view name) -> int64_t {
    const auto* found = users->as_array().front().find(name);
    return found != nullptr && found->is_int() ? found->as_int() : -1;
  };
  int64_t host = number("hostId"), length = number("length");
  if (number("containerId") != 0) return invalid("UID 0 must be mapped");
  if (host < 0 || host > UINT32_MAX || length <= 0 || length > UINT32_MAX) return invalid("ids are out of range");
  return IdRange{static_cast<uint32_t>(host), static_cast<uint32_t>(length)};
}

// The one line of that user: "name:first:length". Nothing if there is none.
base::Result<std::optional<IdRange>> range_of(std::string_view text, std::string_view user, std::string_view file) {
  std::optional<IdRange> out;
  for (auto line : base::split(text, '\n')) {
    auto fields = base::split(base::trim(line), ':');
    if (fields.size() != 3 || fields[0] != user) continue;
    auto first = base::parse_uint(fields[1]), length = base::parse_uint(fields[2]);
    if (!first || !length || *first > UINT32_MAX || *length > UINT32_MAX)
      return base::fail(base::Code::Invalid, base::cat({"cannot read ", file, ": ", line}));
    if (out) return base::fail(base::Code::Invalid, base::cat({file, " gives more than one range to user ", user}));
    out = IdRange{static_cast<uint32_t>(*first), static_cast<uint32_t>(*length)};
  }
  return out;
}

}  // namespace

IdRanges::IdRanges(std::string root, IdRangeOptions options) : root_(std::move(root)), options_(options) {
  auto uids = base::list_directory(root_ + "/pods");
  if (!uids) return;
  for (const auto& uid : *uids) {
    auto text = base::read_file(file_of(uid), kFileBytesMax);
    if (!text) continue;
    if (auto taken = take_up(uid, *text); !taken)
      LOG_ERROR("A pod's user ids cannot be taken up", {"uid", uid}, {"error", taken.error().message()});
  }
}

std::string IdRanges::file_of(const std::string& uid) const {
  return base::cat({root_, "/pods/", uid, "/userns"});
}

base::Result<void> IdRanges::take_up(const std::string& uid, std::string_view text) {
  TRY(auto range, parse(text));
  auto invalid = [](std::initializer_list<std::string_view> why) {
    return base::fail(base::Code::Invalid, base::cat(why));
  };
  if (range.length != options_.ids_per_pod)
    return invalid({"wrong user namespace length ", std::to_string(range.length)});
  if (range.first % options_.ids_per_pod != 0)
    return invalid({"wrong user namespace offset specified ", std::to_string(range.first)});
  if (range.first < options_.first || range.first - options_.first >= options_.length)
    return invalid({"id ", std::to_string(range.first), " is out of range"});
  if (!taken_.insert(range.first).second) return invalid({"range picked for pod ", base::quote(uid), " already taken"});
  first_[uid] = range.first;
  return {};
}

std::optional<IdRange> IdRanges::find(const std::string& uid) const {
  auto found = first_.find(uid);
  if (found == first_.end()) return std::nullopt;
  return IdRange{found->second, options_.ids_per_pod};
}

base::Result<IdRange> IdRanges::ensure(const std::string& uid) {
  if (auto known = find(uid)) return *known;
  if (auto text = base::read_file(file_of(uid), kFileBytesMax)) {
    if (auto taken = take_up(uid, *text); !taken) return base::fail(taken.error().with_context("user namespace"));
    return *find(uid);
  }
  uint32_t count = options_.length / options_.ids_per_pod;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t first = options_.first + i * options_.ids_per_pod;
    if (taken_.contains(first)) continue;
    IdRange range{first, options_.ids_per_pod};
    auto written = base::make_directories(base::cat({root_, "/pods/", uid}), 0750);
    if (written) written = base::write_file(file_of(uid), text_of(range), 0600);
    if (!written) return base::fail(written.error().with_context("create user namespace"));
    taken_.insert(first);
    first_[uid] = first;
    return range;
  }
  return base::fail(base::Code::Unavailable,
                    "create user namespace: could not find an empty slot to allocate a user namespace");
}

void IdRanges::release(const std::string& uid) {
  auto found = first_.find(uid);
  if (found == first_.end()) return;
  taken_.erase(found->second);
  first_.erase(found);
}

base::Result<IdRangeOptions> id_range_options(std::string_view passwd, std::string_view subuid, std::string_view subgid,
                                              uint32_t ids_per_pod, int32_t pods_max) {
  constexpr std::string_view kUser = "kubelet";
  auto invalid = [](std::initializer_list<std::string_view> why) {
    return base::fail(base::Code::Invalid, base::cat(why));
  };
  std::string unit = std::to_string(ids_per_pod);
  if (ids_per_pod == 0 || ids_per_pod % kUnit != 0)
    return invalid({"kubelet user namespace length ", unit, " is not a multiple of ", std::to_string(kUnit)});
  auto pods = static_cast<uint64_t>(pods_max);
  if ((pods + 1) * ids_per_pod > UINT32_MAX)
    return invalid({"kubelet user namespace length ", unit, " is too much for ", std::to_string(pods), " pods"});
  IdRangeOptions out{
      .first = ids_per_pod, .length = static_cast<uint32_t>(pods) * ids_per_pod, .ids_per_pod = ids_per_pod};
  bool is_user = false;
  for (auto line : base::split(passwd, '\n')) is_user = is_user || line.starts_with(base::cat({kUser, ":"}));
  if (!is_user) return out;
  TRY(auto users, range_of(subuid, kUser, "/etc/subuid"));
  TRY(auto groups, range_of(subgid, kUser, "/etc/subgid"));
  if (!users && !groups) return out;
  if (users != groups) return invalid({"mismatched subuids and subgids for user ", base::quote(kUser)});
  out.first = users->first;
  out.length = users->length;
  std::string first = std::to_string(out.first);
  if (out.first % ids_per_pod != 0)
    return invalid({"kubelet user assigned ID ", first, " is not a multiple of ", unit});
  if (out.first < ids_per_pod)
    return invalid({"kubelet user assigned ID ", first, " must be greater or equal to ", unit});
  if (out.length % ids_per_pod != 0)
    return invalid({"kubelet user assigned IDs length ", std::to_string(out.length), " is not a multiple of ", unit});
  if (out.length / ids_per_pod < pods)
    return invalid({"kubelet user assigned IDs are not enough to support ", std::to_string(pods), " pods"});
  if (static_cast<uint64_t>(out.first) + out.length > UINT32_MAX)
    return invalid(
        {"kubelet user assigned ID ", first, " and length ", std::to_string(out.length), " exceed what ids there are"});
  return out;
}

}  // namespace kubelet
