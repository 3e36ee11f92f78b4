#include "apiserver/registry/port_record.h"

#include "base/strings.h"
#include "schema/protobuf.h"

namespace apiserver {

namespace core = api::core_v1;

bool PortBits::get(int i) const {
  size_t byte = static_cast<size_t>(i / 8);
  return byte < data_.size() && (data_[data_.size() - 1 - byte] >> (i % 8) & 1) != 0;
}

void PortBits::set(int i, bool on) {
  size_t byte = static_cast<size_t>(i / 8);
  if (byte >= data_.size()) data_.insert(0, byte + 1 - data_.size(), '\0');
  char& at = data_[data_.size() - 1 - byte];
  at = static_cast<char>(on ? at | 1 << (i % 8) : at & ~(1 << (i % 8)));
}

base::Result<core::RangeAllocation> read_range(const store::Entry* entry, int first, int last) {
  core::RangeAllocation range;
  if (entry != nullptr) {
    TRY(auto envelope, schema::open_envelope(entry->value.view()));
    TRY(range, schema::from_protobuf<core::RangeAllocation>(envelope.raw));
  }
  range.range = base::cat({std::to_string(first), "-", std::to_string(last)});
  return range;
}

base::Bytes write_range(core::RangeAllocation range, std::string data) {
  range.data = std::move(data);
  return base::Bytes(schema::encode_envelope(schema::Object(std::move(range))));
}

}  // namespace apiserver
