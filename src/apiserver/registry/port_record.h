// The stored record of node ports: a RangeAllocation whose data is a run of bits, bit 0 the first port of the range, in
// upstream's form: a big-endian number.
#pragma once

#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "base/bytes.h"
#include "base/result.h"
#include "store/store.h"

namespace apiserver {

inline constexpr std::string_view kPortsKey = "/registry/ranges/servicenodeports";

class PortBits {
 public:
  PortBits(std::string data, int size) : size_(size), data_(std::move(data)) {}
  bool get(int i) const;
  void set(int i, bool on);
  const std::string& data() const { return data_; }
  int size() const { return size_; }

 private:
  int size_;
  std::string data_;
};

// The record of the ports `first` to `last`; an empty one when there is none yet.
base::Result<api::core_v1::RangeAllocation> read_range(const store::Entry* entry, int first, int last);
base::Bytes write_range(api::core_v1::RangeAllocation range, std::string data);

}  // namespace apiserver
