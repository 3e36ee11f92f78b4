#include "io/http1_parser.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace io {
namespace {

constexpr size_t kChunkLineMax = 1024;

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; c++) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; c++) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; c++) table[static_cast<size_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<size_t>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool lists(std::string_view value, std::string_view word) {
  for (auto part : base::split(value, ',')) {
    if (base::equals_ignoring_case(trim_blanks(part), word)) return true;
  }
  return false;
}

bool any_lists(const Headers& headers, std::string_view name, std::string_view word) {
  for (const auto& field : headers.fields()) {
    if (field.name == name && lists(field.value, word)) return true;
  }
  return false;
}

size_t count(const Headers& headers, std::string_view name) {
  return static_cast<size_t>(std::count_if(headers.fields().begin(), headers.fields().end(),
                                           [name](const auto& field) { return field.name == name; }));
}

}  // namespace

Http1Parser::Event Http1Parser::fail(int status, std::string_view why) {
  state_ = State::Failed;
  error_status_ = status;
  error_ = why;
  keep_alive_ = false;
  line_ = {};
  return Event::Failed;
}

void Http1Parser::next_message() {
  state_ = State::Head;
  body_kind_ = BodyKind::None;
  line_ = {};
  left_ = 0;
  trailer_bytes_ = 0;
  minor_ = 1;
  keep_alive_ = expects_continue_ = wants_upgrade_ = no_body_ = false;
  request_ = {};
  response_ = {};
}

bool Http1Parser::collect(std::string_view& input, std::string_view mark, size_t max, bool* too_long) {
  size_t before = line_.size();
  size_t take = std::min(input.size(), max - std::min(before, max));
  line_.append(input.substr(0, take));
  // The mark may have begun in what came before.
  size_t from = before >= mark.size() - 1 ? before - (mark.size() - 1) : 0;
  size_t at = line_.find(mark, from);
  if (at == std::string::npos) {
    input.remove_prefix(take);
    *too_long = line_.size() >= max;
    return false;
  }
  input.remove_prefix(at + mark.size() - before);
  line_.resize(at + mark.size());
  return true;
}

Http1Parser::Event Http1Parser::next(std::string_view& input) {
  for (;;) {
    bool too_long = false;
    switch (state_) {
      case State::Head:
        if (input.empty()) return Event::NeedMore;
        // RFC 9112, 2.2: empty lines before the request line are ignored.
        if (kind_ == Kind::Request && line_ == "\r") {
          if (input.front() != '\n') return fail(400, "malformed request line");
          input.remove_prefix(1);
          line_.clear();
          continue;
        }
        if (kind_ == Kind::Request && line_.empty() && input.front() == '\r') {
          input.remove_prefix(1);
          line_ = "\r";
          continue;
        }
        if (!collect(input, "\r\n\r\n", header_bytes_max_, &too_long)) {
          if (too_long) return fail(431, "request header fields too large");
          return Event::NeedMore;
        }
        return parse_head();

      case State::BodyLength:
      case State::ChunkData:
        if (left_ == 0) {
          state_ = state_ == State::BodyLength ? State::End : State::ChunkEnd;
          if (state_ == State::End) return Event::End;
          continue;
        }
        if (input.empty()) return Event::NeedMore;
        body_ = input.substr(0, left_);
        left_ -= body_.size();
        input.remove_prefix(body_.size());
        return Event::Body;

      case State::ChunkEnd:
        while (!input.empty() && line_.size() < 2) {
          line_ += input.front();
          input.remove_prefix(1);
          if (!std::string_view("\r\n").starts_with(line_)) return fail(400, "malformed chunked encoding");
        }
        if (line_.size() < 2) return Event::NeedMore;
        line_.clear();
        state_ = State::ChunkSize;
        continue;

      case State::ChunkSize:
        if (input.empty()) return Event::NeedMore;
        if (!collect(input, "\r\n", kChunkLineMax, &too_long)) {
          if (too_long) return fail(400, "chunk size line too long");
          return Event::NeedMore;
        }
        if (!parse_chunk_size(std::string_view(line_).substr(0, line_.size() - 2)))
          return fail(400, "malformed chunk size");
        line_.clear();
        state_ = left_ > 0 ? State::ChunkData : State::Trailers;
        continue;

      case State::Trailers: {
        if (input.empty()) return Event::NeedMore;
        if (!collect(input, "\r\n", header_bytes_max_ - std::min(trailer_bytes_, header_bytes_max_), &too_long)) {
          if (too_long) return fail(431, "trailer fields too large");
          return Event::NeedMore;
        }
        trailer_bytes_ += line_.size();
        bool last = line_.size() == 2;
        Headers ignored;
        if (!last && !parse_field(std::string_view(line_).substr(0, line_.size() - 2), ignored))
          return fail(400, "malformed trailer");
        line_.clear();
        if (!last) continue;
        state_ = State::End;
        return Event::End;
      }

      case State::UntilEnd:
        if (input.empty()) return Event::NeedMore;
        body_ = input;
        input = {};
        return Event::Body;

      case State::End:
        return Event::End;
      case State::Failed:
        return Event::Failed;
    }
  }
}

Http1Parser::Event Http1Parser::end_of_input() {
  if (state_ == State::UntilEnd || state_ == State::End) {
    state_ = State::End;
    return Event::End;
  }
  return fail(400, "unexpected EOF");
}

bool Http1Parser::parse_request_line(std::string_view line) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    fail(400, "malformed request line");
    return false;
  }
  auto method = line.substr(0, first);
  auto target = line.substr(first + 1, last - first - 1);
  auto version = line.substr(last + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') {
    fail(400, "malformed HTTP version");
    return false;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    fail(505, "unsupported protocol version");
    return false;
  }
  minor_ = version[7] - '0';
  bool printable = std::all_of(target.begin(), target.end(),
                               [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
  if (!is_token(method) || target.empty() || !printable) {
    fail(400, "malformed request line");
    return false;
  }
  request_.method = method;
  if (target[0] == '/' || (target == "*" && method == "OPTIONS")) {
    request_.target = target;
    return true;
  }
  // The absolute form, as to a proxy: the authority comes before the host header.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    auto rest = target.substr(scheme.size());
    size_t slash = rest.find_first_of("/?");
    request_.authority = rest.substr(0, slash);
    request_.target = slash == std::string_view::npos ? "/" : rest.substr(slash);
    if (request_.target[0] == '?') request_.target.insert(0, "/");
    if (!request_.authority.empty()) return true;
  }
  fail(400, "malformed request target");
  return false;
}

bool Http1Parser::parse_status_line(std::string_view line) {
  bool good = line.size() >= 12 && line.starts_with("HTTP/1.") && (line[7] == '0' || line[7] == '1') &&
              line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
  auto status = good ? base::parse_uint(line.substr(9, 3)) : std::nullopt;
  if (!status || *status < 100 || *status > 999) {
    fail(400, "malformed status line");
    return false;
  }
  minor_ = line[7] - '0';
  response_.status = static_cast<int>(*status);
  return true;
}

bool Http1Parser::parse_field(std::string_view line, Headers& headers) {
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  auto value = trim_blanks(line.substr(colon + 1));
  if (!is_field_value(value)) return false;
  headers.add(line.substr(0, colon), value);
  return true;
}

Http1Parser::Event Http1Parser::parse_head() {
  std::string head = std::exchange(line_, {});
  std::string_view rest = std::string_view(head).substr(0, head.size() - 2);
  size_t end = rest.find("\r\n");
  auto first = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  if (!(kind_ == Kind::Request ? parse_request_line(first) : parse_status_line(first))) return Event::Failed;
  Headers& headers = kind_ == Kind::Request ? request_.headers : response_.headers;
  while (!rest.empty()) {
    end = rest.find("\r\n");
    if (headers.fields().size() >= headers_max_) return fail(431, "too many header fields");
    if (!parse_field(rest.substr(0, end), headers)) return fail(400, "malformed header field");
    rest.remove_prefix(end + 2);
  }
  bool close = any_lists(headers, "connection", "close");
  keep_alive_ = minor_ == 1 ? !close : !close && any_lists(headers, "connection", "keep-alive");
  wants_upgrade_ = minor_ == 1 && headers.has("upgrade") && any_lists(headers, "connection", "upgrade");
  if (kind_ == Kind::Request) {
    size_t hosts = count(headers, "host");
    if (hosts > 1 || (hosts == 0 && minor_ == 1))
      return fail(400, hosts == 0 ? "missing required Host header" : "too many Host headers");
    auto host = headers.get("host");
    if (std::any_of(host.begin(), host.end(), [](char c) { return c == ' ' || c == '\t' || c == '/' || c == '@'; })) {
      return fail(400, "malformed Host header");
    }
    if (request_.authority.empty()) request_.authority = host;
    request_.http_major = 1;
    auto expect = headers.get("expect");
    expects_continue_ = minor_ == 1 && base::equals_ignoring_case(expect, "100-continue");
  }
  if (!frame_body(headers)) return Event::Failed;
  switch (body_kind_) {
    case BodyKind::None:
      state_ = State::End;
      break;
    case BodyKind::Length:
      state_ = State::BodyLength;
      break;
    case BodyKind::Chunked:
      state_ = State::ChunkSize;
      break;
    case BodyKind::UntilEnd:
      state_ = State::UntilEnd;
      keep_alive_ = false;
      break;
  }
  return Event::Head;
}

bool Http1Parser::frame_body(const Headers& headers) {
  size_t encodings = count(headers, "transfer-encoding");
  size_t lengths = count(headers, "content-length");
  if (encodings > 0 && lengths > 0) {
    fail(400, "both Transfer-Encoding and Content-Length");
    return false;
  }
  if (encodings > 0 && minor_ == 0) {
    fail(400, "Transfer-Encoding in HTTP/1.0");
    return false;
  }
  if (encodings > 1 || (encodings == 1 && !base::equals_ignoring_case(headers.get("transfer-encoding"), "chunked"))) {
    fail(501, "unsupported transfer encoding");
    return false;
  }
  if (lengths > 1) {
    fail(400, "more than one Content-Length");
    return false;
  }
  uint64_t length = 0;
  if (lengths == 1) {
    auto text = headers.get("content-length");
    bool digits = !text.empty() && text.size() <= 18 &&
                  std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) {
      fail(400, "bad Content-Length");
      return false;
    }
    length = *base::parse_uint(text);
  }
  int status = response_.status;
  if (kind_ == Kind::Response && (no_body_ || status < 200 || status == 204 || status == 304)) {
    body_kind_ = BodyKind::None;
  } else if (encodings == 1) {
    body_kind_ = BodyKind::Chunked;
  } else if (lengths == 1) {
    body_kind_ = length > 0 ? BodyKind::Length : BodyKind::None;
    left_ = length;
  } else {
    body_kind_ = kind_ == Kind::Request ? BodyKind::None : BodyKind::UntilEnd;
  }
  return true;
}

bool Http1Parser::parse_chunk_size(std::string_view line) {
  auto digits = line.substr(0, line.find(';'));
  if (!is_field_value(line) || line.find('\n') != std::string_view::npos) return false;
  if (line.size() > digits.size()) digits = trim_blanks(digits);
  if (digits.empty() || digits.size() > 15) return false;
  left_ = 0;
  for (char c : digits) {
    uint64_t value = 0;
    if (c >= '0' && c <= '9') {
      value = static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = static_cast<uint64_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      value = static_cast<uint64_t>(c - 'A' + 10);
    } else {
      return false;
    }
    left_ = left_ * 16 + value;
  }
  return true;
}

std::string_view status_text(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Requested Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace io
