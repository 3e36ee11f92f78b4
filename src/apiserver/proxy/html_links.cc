#include "apiserver/proxy/html_links.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace apiserver {
namespace {

struct LinkAttribute {
  std::string_view element, attribute;
};
// HTML, "Index of attributes": those whose value is a URL.
constexpr auto kLinks = std::to_array<LinkAttribute>({
    {"a", "href"},          {"applet", "codebase"},  {"area", "href"},
    {"audio", "src"},       {"base", "href"},        {"blockquote", "cite"},
    {"body", "background"}, {"command", "icon"},     {"button", "formaction"},
    {"del", "cite"},        {"embed", "src"},        {"form", "action"},
    {"frame", "src"},       {"frame", "longdesc"},   {"head", "profile"},
    {"html", "manifest"},   {"iframe", "src"},       {"iframe", "longdesc"},
    {"img", "src"},         {"img", "longdesc"},     {"img", "usemap"},
    {"input", "src"},       {"input", "formaction"}, {"input", "usemap"},
    {"ins", "cite"},        {"link", "href"},        {"object", "data"},
    {"object", "classid"},  {"object", "codebase"},  {"object", "usemap"},
    {"q", "cite"},          {"script", "src"},       {"source", "src"},
    {"video", "src"},       {"video", "poster"},
});
// HTML, "Parsing": elements whose content holds no tags.
constexpr std::string_view kRawText[] = {"iframe", "noembed",  "noframes", "script",
                                         "style",  "textarea", "title",    "xmp"};

bool is_link(std::string_view element, std::string_view attribute) {
  return std::ranges::any_of(kLinks, [&](auto& one) { return one.element == element && one.attribute == attribute; });
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
size_t end_of_name(std::string_view text, size_t at) {
  while (at < text.size() && !is_space(text[at]) && text[at] != '/' && text[at] != '>' && text[at] != '=') ++at;
  return at;
}

// One past the '>' that ends the tag; npos when it has not come. Quoted values may hold it.
size_t end_of_tag(std::string_view text) {
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if ((text[i] == '"' || text[i] == '\'') && i > 0 && (text[i - 1] == '=' || is_space(text[i - 1]))) {
      quote = text[i];
    } else if (text[i] == '>') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Where `</element` stands, in any case.
size_t find_closing(std::string_view text, std::string_view element) {
  for (size_t at = text.find("</"); at != std::string_view::npos; at = text.find("</", at + 2)) {
    auto name = text.substr(at + 2, element.size());
    if (base::to_lower(name) == element) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string led_below(std::string_view link, std::string_view prefix, std::string_view host) {
  std::string_view path = link;
  for (std::string_view scheme : {"http://", "https://", "//"}) {
    if (!link.starts_with(scheme)) continue;
    path = link.substr(scheme.size());
    if (host.empty() || !path.starts_with(host)) return std::string(link);
    path.remove_prefix(host.size());
    break;
  }
  bool below = path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
  if (!path.starts_with('/') || below) return std::string(path.starts_with('/') ? path : link);
  return base::cat({prefix, path});
}

HtmlLinks::HtmlLinks(std::string prefix, std::string host) : prefix_(std::move(prefix)), host_(std::move(host)) {}

std::string HtmlLinks::rewritten(std::string_view tag) const {
  std::string out;
  size_t done = 0, at = end_of_name(tag, 1);
  auto element = base::to_lower(tag.substr(1, at - 1));
  while (at < tag.size() && tag[at] != '>') {
    if (is_space(tag[at]) || tag[at] == '/') {
      ++at;
      continue;
    }
    size_t name_at = at;
    at = std::max(end_of_name(tag, at), at + 1);
    auto name = base::to_lower(tag.substr(name_at, at - name_at));
    size_t value_at = at;
    while (value_at < tag.size() && is_space(tag[value_at])) ++value_at;
    if (value_at >= tag.size() || tag[value_at] != '=') continue;
    ++value_at;
    while (value_at < tag.size() && is_space(tag[value_at])) ++value_at;
    if (value_at >= tag.size()) break;
    size_t value_end = value_at;
    if (tag[value_at] == '"' || tag[value_at] == '\'') {
      value_end = tag.find(tag[value_at], value_at + 1);
      if (value_end == std::string_view::npos) break;
      ++value_at;
      at = value_end + 1;
    } else {
      while (value_end < tag.size() && !is_space(tag[value_end]) && tag[value_end] != '>') ++value_end;
      at = value_end;
    }
    if (!is_link(element, name)) continue;
    out += tag.substr(done, value_at - done);
    out += led_below(tag.substr(value_at, value_end - value_at), prefix_, host_);
    done = value_end;
  }
  out += tag.substr(done);
  return out;
}

bool HtmlLinks::step(std::string_view& left, std::string& out) {
  auto pass = [&](size_t bytes) {
    out += left.substr(0, bytes);
    left.remove_prefix(bytes);
  };
  if (!raw_text_of_.empty()) {
    auto closing = find_closing(left, raw_text_of_);
    if (closing == std::string_view::npos) {
      // The closing tag may be cut in two.
      size_t tail = std::min(left.size(), raw_text_of_.size() + 2);
      pass(left.size() - tail);
      return false;
    }
    pass(closing);
    raw_text_of_.clear();
    return true;
  }
  pass(std::min(left.find('<'), left.size()));
  if (left.size() < 2) return false;
  if (left.starts_with("<!--") || std::string_view("<!--").starts_with(left)) {
    auto end = left.find("-->", 4);
    if (left.size() < 4 || end == std::string_view::npos) return false;
    pass(end + 3);
    return true;
  }
  bool starts = is_letter(left[1]);
  if (!starts && left[1] != '/' && left[1] != '!' && left[1] != '?') {
    pass(1);
    return true;
  }
  auto end = starts ? end_of_tag(left) : left.find('>');
  if (end == std::string_view::npos) return false;
  if (!starts) {
    pass(end + 1);
    return true;
  }
  auto tag = left.substr(0, end);
  auto element = base::to_lower(tag.substr(1, end_of_name(tag, 1) - 1));
  if (std::ranges::find(kRawText, element) != std::end(kRawText)) raw_text_of_ = element;
  out += rewritten(tag);
  left.remove_prefix(end);
  return true;
}

std::string HtmlLinks::feed(std::string_view piece) {
  kept_ += piece;
  std::string out;
  std::string_view left = kept_;
  for (;;) {
    while (step(left, out)) {
    }
    if (left.size() <= kHtmlTagBytesMax) break;
    out += left.substr(0, 1);  // not a tag that we could take
    left.remove_prefix(1);
  }
  kept_ = std::string(left);
  return out;
}

std::string HtmlLinks::finish() {
  return std::exchange(kept_, {});
}

}  // namespace apiserver
