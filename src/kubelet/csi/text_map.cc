#include "kubelet/csi/text_map.h"

#include "base/json.h"

namespace kubelet {

std::string write_text_map(const TextMap& map) {
  std::string out = "{";
  for (auto& [key, value] : map) {
    if (out.size() > 1) out += ",";
    base::append_json_string(out, key);
    out += ":";
    base::append_json_string(out, value);
  }
  return out + "}";
}

base::Result<TextMap> read_text_map(std::string_view json) {
  TextMap out;
  base::JsonReader reader(json);
  std::string_view key, value;
  if (!reader.enter_object()) return base::fail(reader.finish().error());
  while (reader.next_key(key)) {
    std::string name(key);
    if (reader.peek() != base::JsonKind::String) {
      reader.skip_value();
    } else if (reader.read_string(value)) {
      out[name] = value;
    }
  }
  TRY(reader.finish());
  return out;
}

}  // namespace kubelet
