#include "io/spdy_header_block.h"

#include "base/strings.h"

namespace io {

namespace {

// The dictionary is names, each behind its length in four bytes, and a run of values.
constexpr std::string_view kNames[] = {"options",
                                       "head",
                                       "post",
                                       "put",
                                       "delete",
                                       "trace",
                                       "accept",
                                       "accept-charset",
                                       "accept-encoding",
                                       "accept-language",
                                       "accept-ranges",
                                       "age",
                                       "allow",
                                       "authorization",
                                       "cache-control",
                                       "connection",
                                       "content-base",
                                       "content-encoding",
                                       "content-language",
                                       "content-length",
                                       "content-location",
                                       "content-md5",
                                       "content-range",
                                       "content-type",
                                       "date",
                                       "etag",
                                       "expect",
                                       "expires",
                                       "from",
                                       "host",
                                       "if-match",
                                       "if-modified-since",
                                       "if-none-match",
                                       "if-range",
                                       "if-unmodified-since",
                                       "last-modified",
                                       "location",
                                       "max-forwards",
                                       "pragma",
                                       "proxy-authenticate",
                                       "proxy-authorization",
                                       "range",
                                       "referer",
                                       "retry-after",
                                       "server",
                                       "te",
                                       "trailer",
                                       "transfer-encoding",
                                       "upgrade",
                                       "user-agent",
                                       "vary",
                                       "via",
                                       "warning",
                                       "www-authenticate",
                                       "method",
                                       "get",
                                       "status",
                                       "200 OK",
                                       "version",
                                       "HTTP/1.1",
                                       "url",
                                       "public",
                                       "set-cookie",
                                       "keep-alive",
                                       "origin"};
constexpr std::string_view kValues =
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

void put_u32(std::string& out, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

Bytef* input_of(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

// Cuts lengths and texts off a block.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : left_(bytes) {}
  base::Result<uint32_t> number() {
    if (left_.size() < 4) return base::fail(base::Code::BadRequest, "spdy: header block ends early");
    uint32_t value = 0;
    for (char byte : left_.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(byte);
    left_.remove_prefix(4);
    return value;
  }
  base::Result<std::string_view> text() {
    TRY(uint32_t length, number());
    if (left_.size() < length) return base::fail(base::Code::BadRequest, "spdy: header block ends early");
    std::string_view text = left_.substr(0, length);
    left_.remove_prefix(length);
    return text;
  }

 private:
  std::string_view left_;
};

base::Result<Headers> parse(std::string_view block) {
  Headers headers;
  if (block.empty()) return headers;
  Cursor cursor(block);
  TRY(uint32_t count, cursor.number());
  for (uint32_t i = 0; i < count; ++i) {
    TRY(std::string_view name, cursor.text());
    TRY(std::string_view values, cursor.text());
    if (name.empty()) return base::fail(base::Code::BadRequest, "spdy: header without a name");
    for (std::string_view value : base::split(values, '\0')) headers.add(name, value);
  }
  return headers;
}

}  // namespace

std::string_view spdy_dictionary() {
  static const std::string dictionary = [] {
    std::string text;
    for (std::string_view name : kNames) {
      put_u32(text, name.size());
      text += name;
    }
    return text.append(kValues);
  }();
  return dictionary;
}

SpdyHeaderWriter::SpdyHeaderWriter() {
  // A small window and little memory: header blocks here are three short fields.
  deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, 11, 2, Z_DEFAULT_STRATEGY);
  deflateSetDictionary(&stream_, input_of(spdy_dictionary()), static_cast<uInt>(spdy_dictionary().size()));
}

SpdyHeaderWriter::~SpdyHeaderWriter() {
  deflateEnd(&stream_);
}

std::string SpdyHeaderWriter::write(const Headers& headers) {
  std::string block;
  put_u32(block, headers.fields().size());
  for (const Headers::Field& field : headers.fields()) {
    put_u32(block, field.name.size());
    block += field.name;
    put_u32(block, field.value.size());
    block += field.value;
  }
  std::string out;
  char piece[1024];
  stream_.next_in = input_of(block);
  stream_.avail_in = static_cast<uInt>(block.size());
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(piece);
    stream_.avail_out = sizeof(piece);
    deflate(&stream_, Z_SYNC_FLUSH);
    out.append(piece, sizeof(piece) - stream_.avail_out);
  } while (stream_.avail_out == 0);
  return out;
}

SpdyHeaderReader::SpdyHeaderReader(size_t inflated_bytes_max) : inflated_bytes_max_(inflated_bytes_max) {
  inflateInit(&stream_);
}

SpdyHeaderReader::~SpdyHeaderReader() {
  inflateEnd(&stream_);
}

base::Result<Headers> SpdyHeaderReader::read(std::string_view compressed) {
  std::string block;
  char piece[4096];
  stream_.next_in = input_of(compressed);
  stream_.avail_in = static_cast<uInt>(compressed.size());
  for (;;) {
    stream_.next_out = reinterpret_cast<Bytef*>(piece);
    stream_.avail_out = sizeof(piece);
    int code = inflate(&stream_, Z_SYNC_FLUSH);
    if (code == Z_NEED_DICT) {
      code = inflateSetDictionary(&stream_, input_of(spdy_dictionary()), static_cast<uInt>(spdy_dictionary().size()));
      if (code != Z_OK) return base::fail(base::Code::BadRequest, "spdy: unknown compression dictionary");
      continue;
    }
    block.append(piece, sizeof(piece) - stream_.avail_out);
    if (block.size() > inflated_bytes_max_) return base::fail(base::Code::BadRequest, "spdy: header block is too long");
    if (code == Z_BUF_ERROR) break;  // nothing more to do: all was read before
    if (code != Z_OK) return base::fail(base::Code::BadRequest, "spdy: header block cannot be inflated");
    if (stream_.avail_in == 0 && stream_.avail_out != 0) break;
  }
  return parse(block);
}

}  // namespace io
