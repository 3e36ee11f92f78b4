// url() and the parts of a URL.

#include "cel/library/libraries.h"
#include "cel/library/opaque.h"
#include "cel/library/url_text.h"

namespace cel::library {
namespace {

using Arguments = std::span<const Value>;

struct SameUrl {
  Url url;
  bool operator==(const SameUrl& other) const { return url.text == other.url.text; }
};
using UrlHolder = Holder<SameUrl, url_type>;

Value text(std::string_view view) {
  return Value::of_string(std::string(view));
}

Value parse(Arguments a) {
  auto url = parse_url(a[0].as_string());
  if (!url) return Value::error("URL parse error during conversion from string: " + url.error().message());
  return UrlHolder::wrap({std::move(*url)});
}
Value is_url(Arguments a) {
  return Value::of_bool(parse_url(a[0].as_string()).has_value());
}
Value scheme(Arguments a) {
  return text(UrlHolder::in(a[0]).url.scheme);
}
Value host(Arguments a) {
  return text(UrlHolder::in(a[0]).url.host);
}
Value hostname(Arguments a) {
  return text(UrlHolder::in(a[0]).url.hostname());
}
Value port(Arguments a) {
  return text(UrlHolder::in(a[0]).url.port());
}
Value path(Arguments a) {
  return text(UrlHolder::in(a[0]).url.path);
}
Value query(Arguments a) {
  std::vector<std::pair<Value, Value>> entries;
  for (auto& [key, values] : UrlHolder::in(a[0]).url.parameters()) {
    std::vector<Value> list;
    for (std::string& value : values) list.push_back(Value::of_string(std::move(value)));
    entries.emplace_back(text(key), Value::of_list(std::move(list)));
  }
  return Value::of_map(std::move(entries));
}

}  // namespace

const TypeRef& url_type() {
  static const TypeRef type = opaque_type("kubernetes.URL");
  return type;
}

void add_urls(Functions& f) {
  f.global("url", "string_to_url", {string_type()}, url_type(), parse, CallCost::Url);
  f.global("isURL", "is_url_string", {string_type()}, bool_type(), is_url);
  f.member("getScheme", "url_get_scheme", {url_type()}, string_type(), scheme);
  f.member("getHost", "url_get_host", {url_type()}, string_type(), host);
  f.member("getHostname", "url_get_hostname", {url_type()}, string_type(), hostname);
  f.member("getPort", "url_get_port", {url_type()}, string_type(), port);
  f.member("getEscapedPath", "url_get_escaped_path", {url_type()}, string_type(), path);
  f.member("getQuery", "url_get_query", {url_type()}, map_type(string_type(), list_type(string_type())), query);
}

}  // namespace cel::library
