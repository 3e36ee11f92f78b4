// Links of HTML pages that come through a proxy, led below the proxy's own path. Bytes in, bytes out: all else stays as
// it is.
//
// A page of a pod or service knows nothing of the path it is seen at, so its links to "/style.css" would miss it.
// Upstream rewrites what HTML 4 and 5 call URLs in attributes; links to other hosts and relative ones stay.
#pragma once

#include <string>
#include <string_view>

namespace apiserver {

class HtmlLinks {
 public:
  // `prefix` is put before the paths of links; `host` ("10.0.0.7:80") is what the page calls itself.
  HtmlLinks(std::string prefix, std::string host);

  // What can be sent on once `piece` has come. Keeps back what is incomplete, at most kHtmlTagBytesMax.
  std::string feed(std::string_view piece);
  // What was kept back.
  std::string finish();

 private:
  // Sends on the text before the next tag or comment, or the whole of that; false when more must come first.
  bool step(std::string_view& left, std::string& out);
  std::string rewritten(std::string_view tag) const;

  const std::string prefix_, host_;
  std::string kept_;
  std::string raw_text_of_;  // the element whose content is no markup: "script"
};

inline constexpr size_t kHtmlTagBytesMax = 64 * 1024;  // longer ones pass as they are

// The link as the client is to see it.
std::string led_below(std::string_view link, std::string_view prefix, std::string_view host);

}  // namespace apiserver
