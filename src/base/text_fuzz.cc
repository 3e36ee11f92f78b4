#include "base/ip.h"
#include "base/json.h"
#include "base/quantity.h"
#include "base/strings.h"
#include "base/time.h"

// Any text is refused, or read into something that reads back the same after being written.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  base::JsonReader reader(text);
  reader.skip_value();
  if (auto valid = reader.finish(); valid) {
    base::JsonReader string_reader(text);
    std::string_view value;
    if (string_reader.read_string(value) && !base::is_valid_utf8(value)) __builtin_trap();
  }
  std::string quoted;
  base::append_json_string(quoted, text);
  base::JsonReader again(quoted);
  std::string_view value;
  if (!again.read_string(value) || !again.finish()) __builtin_trap();
  if (base::is_valid_utf8(text) && value != text) __builtin_trap();
  if (auto quantity = base::Quantity::parse(text)) {
    auto copy = base::Quantity::parse(quantity->to_string());
    // Beyond the most that a quantity is let to be, upstream's own texts are capped when they are read again.
    bool is_whole = *quantity <= base::Quantity::max() && -*quantity <= base::Quantity::max();
    if (!copy || (is_whole && copy->to_string() != quantity->to_string())) __builtin_trap();
  }
  if (auto time = base::parse_rfc3339(text); time && time->seconds > 0) {
    if (base::parse_rfc3339(base::format_rfc3339(*time))->seconds != time->seconds) __builtin_trap();
  }
  if (auto duration = base::parse_duration(text)) {
    if (base::parse_duration(base::format_duration(*duration)).value() != *duration) __builtin_trap();
  }
  if (auto address = base::IpAddress::parse(text)) {
    if (base::IpAddress::parse(address->to_string()) != address) __builtin_trap();
  }
  if (base::base64_decode(base::base64_encode(text)).value() != text) __builtin_trap();
  (void)base::base64_decode(text);
  (void)base::url_decode(text);
  (void)base::quote(text);
  return 0;
}
