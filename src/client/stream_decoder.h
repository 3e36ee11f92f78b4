// The frames of watches and the items of lists as they come over the wire: bytes in, Raw objects out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "client/transport.h"

namespace client {

// A list's body split into its items, each in bytes of its own. What comes as protobuf comes without its managed
// fields, in watches too: nobody but a server asks for them, and caches keep objects for long.
base::Result<RawPage> split_list(std::string_view content_type, base::Bytes body);

// The body of a watch, fed as it arrives. Protobuf: frames of a 4-byte length and a WatchEvent. JSON: one event after
// another.
class WatchDecoder {
 public:
  explicit WatchDecoder(std::string_view content_type);
  // Events complete by now. An ERROR event is the Error of its Status; what follows it is not read.
  base::Result<std::vector<RawEvent>> feed(std::string_view bytes);

 private:
  static constexpr size_t kFrameMax = size_t{16} << 20;

  base::Result<void> take_protobuf(std::string_view frame, std::vector<RawEvent>& events);
  base::Result<void> take_json(std::string_view text, std::vector<RawEvent>& events);
  // The length of the first JSON value in `pending_`; npos when it is not all there. Continues where it stopped.
  size_t scan_json();

  bool protobuf_;
  std::string pending_;
  // Of the scan:
  size_t scanned_ = 0;
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace client
