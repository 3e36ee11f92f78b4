// Just enough of protobuf's wire form for the few small messages of containerd's own services. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kubelet {

// A field: its number, and its bytes when it has such.
struct WireField {
  uint32_t number = 0;
  std::string_view bytes;
};
// Takes the next field off `text`; false at the end and for what is no message.
bool next_field(std::string_view& text, WireField& field);
// Adds a field of text; an empty one is left out.
void add_field(std::string& message, uint32_t number, std::string_view text);

}  // namespace kubelet
