#include "kubelet/pods/expansion.h"

namespace kubelet {
namespace {

std::string expand_with(std::string_view text, const Variables& variables, bool& unknown) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    char next = text[at + 1];
    if (next == '$') {
      out += '$';
      ++at;
      continue;
    }
    size_t close = next == '(' ? text.find(')', at) : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += '$';
      continue;
    }
    auto name = text.substr(at + 2, close - at - 2);
    if (auto value = variables(name)) {
      out += *value;
    } else {
      unknown = true;
      out += text.substr(at, close - at + 1);
    }
    at = close;
  }
  return out;
}

}  // namespace

std::string expand(std::string_view text, const Variables& variables) {
  bool unknown = false;
  return expand_with(text, variables, unknown);
}

std::optional<std::string> expand_strictly(std::string_view text, const Variables& variables) {
  bool unknown = false;
  auto out = expand_with(text, variables, unknown);
  if (unknown) return {};
  return out;
}

}  // namespace kubelet
