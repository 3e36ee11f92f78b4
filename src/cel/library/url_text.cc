#include "cel/library/url_text.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace cel::library {
namespace {

bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_alpha(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The first percent sign that is no escape, as the message quotes it; "" when all are.
std::string bad_escape(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::string(text.substr(i, 3));
    i += 2;
  }
  return {};
}

bool stays_in_path(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_.~!$&'()*+,;=:@/[]%").find(c) != std::string_view::npos;
}

std::string escape_path(std::string_view path) {
  std::string out;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  bool proper = std::all_of(path.begin(), path.end(), stays_in_path);
  if (proper) return std::string(path);
  for (size_t i = 0; i < path.size(); ++i) {
    auto c = static_cast<unsigned char>(path[i]);
    bool escape = c == '%' ? false : !stays_in_path(path[i]) || c == '[' || c == ']';
    if (escape) {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += path[i];
    }
  }
  return out;
}

std::string parse_authority(std::string_view authority, Url& url) {
  std::string_view host = authority;
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    for (char c : user) {
      if (!std::isalnum(static_cast<unsigned char>(c)) &&
          std::string_view("-._:~!$&'()*+,;=%@").find(c) == std::string_view::npos) {
        return "net/url: invalid userinfo";
      }
    }
    if (std::string bad = bad_escape(user); !bad.empty()) return "invalid URL escape " + base::quote(bad);
    host = authority.substr(at + 1);
  }
  std::string_view after;  // what must be a port
  if (host.starts_with('[')) {
    size_t close = host.rfind(']');
    if (close == std::string_view::npos) return "missing ']' in host";
    after = host.substr(close + 1);
  } else if (size_t colon = host.rfind(':'); colon != std::string_view::npos) {
    after = host.substr(colon);
  }
  if (!after.empty() && (after[0] != ':' || !std::all_of(after.begin() + 1, after.end(), is_digit))) {
    return base::cat({"invalid port ", base::quote(after), " after host"});
  }
  for (size_t i = 0; i < host.size(); ++i) {
    char c = host[i];
    if (static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c))) continue;
    if (c == '%') {
      if (std::string bad = bad_escape(host.substr(i)); !bad.empty()) return "invalid URL escape " + base::quote(bad);
      continue;
    }
    if (std::string_view("-_.~!$&'()*+,;=:[]<>\"").find(c) == std::string_view::npos) {
      return base::cat({"invalid character ", base::quote(std::string(1, c)), " in host name"});
    }
  }
  url.host = host;
  return {};
}

std::string parse_into(std::string_view text, Url& url) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "net/url: invalid control character in URL";
  }
  if (text.empty()) return "empty url";
  if (text == "*") {
    url.path = "*";
    return {};
  }
  std::string_view rest = text;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (is_alpha(c)) continue;
    if (c == ':') {
      if (i == 0) return "missing protocol scheme";
      url.scheme = base::to_lower(text.substr(0, i));
      rest = text.substr(i + 1);
    } else if (i > 0 && (is_digit(c) || c == '+' || c == '-' || c == '.')) {
      continue;
    }
    break;
  }
  // The whole is looked at as a request's, where a fragment belongs to what stands before it; only then is it cut off.
  if (size_t hash = rest.find('#'); hash != std::string_view::npos) {
    if (!rest.starts_with('/') && url.scheme.empty()) return "invalid URI for request";
    if (std::string bad = bad_escape(rest.substr(hash)); !bad.empty()) return "invalid URL escape " + base::quote(bad);
    rest = rest.substr(0, hash);
  }
  if (size_t mark = rest.find('?'); mark != std::string_view::npos) {
    url.query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (!rest.starts_with('/')) return url.scheme.empty() ? "invalid URI for request" : "";
  if (!url.scheme.empty() && rest.starts_with("//")) {
    std::string_view authority = rest.substr(2);
    size_t slash = authority.find('/');
    rest = slash == std::string_view::npos ? std::string_view() : authority.substr(slash);
    if (std::string wrong = parse_authority(authority.substr(0, slash), url); !wrong.empty()) return wrong;
  }
  if (std::string bad = bad_escape(rest); !bad.empty()) return "invalid URL escape " + base::quote(bad);
  url.path = escape_path(rest);
  return {};
}

}  // namespace

std::string_view Url::hostname() const {
  std::string_view name = host;
  if (name.starts_with('[')) {
    size_t close = name.find(']');
    return close == std::string_view::npos ? name : name.substr(1, close - 1);
  }
  return name.substr(0, name.rfind(':') == std::string_view::npos ? name.size() : name.rfind(':'));
}

std::string_view Url::port() const {
  std::string_view name = host;
  size_t colon = name.rfind(':');
  if (colon == std::string_view::npos || name.find(']', colon) != std::string_view::npos) return {};
  return name.substr(colon + 1);
}

std::vector<std::pair<std::string, std::vector<std::string>>> Url::parameters() const {
  std::vector<std::pair<std::string, std::vector<std::string>>> out;
  for (std::string_view pair : base::split(query, '&')) {
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    size_t equals = pair.find('=');
    auto key = base::url_decode(pair.substr(0, equals), true);
    auto value =
        base::url_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!key || !value) continue;
    auto at = std::find_if(out.begin(), out.end(), [&](const auto& known) { return known.first == *key; });
    if (at == out.end()) at = out.insert(out.end(), {std::move(*key), {}});
    at->second.push_back(std::move(*value));
  }
  return out;
}

base::Result<Url> parse_url(std::string_view text) {
  Url url;
  url.text = text;
  if (std::string wrong = parse_into(text, url); !wrong.empty()) {
    return base::fail(base::Code::BadRequest, base::cat({"parse ", base::quote(text), ": ", wrong}));
  }
  return url;
}

}  // namespace cel::library
