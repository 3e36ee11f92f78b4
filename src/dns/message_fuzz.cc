// Any packet may come as a question; what is answered fits where it was asked from and is no question itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view packet(reinterpret_cast<const char*>(data), size);
  auto query = dns::parse_query(packet);
  if (!query) return 0;
  if (query->answer_size_max < dns::kUdpSizeDefault || query->answer_size_max > dns::kUdpSizeMax) abort();
  dns::Answer answer{.answers = {{query->name, query->type, 5, dns::name_data(query->name)},
                                 {query->name, dns::Type::Txt, 5, dns::text_data(packet.substr(0, 1000))},
                                 {"other.name", dns::Type::Srv, 5, dns::service_data(1, 2, 3, query->name)}}};
  for (size_t most : {dns::kUdpSizeDefault, query->answer_size_max, size_t{65535}}) {
    auto text = dns::encode(*query, answer, most);
    if (text.size() > most || dns::parse_query(text)) abort();
  }
  return 0;
}
