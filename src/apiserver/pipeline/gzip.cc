#include "apiserver/pipeline/gzip.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>

#include "base/strings.h"

namespace apiserver {

bool takes_gzip(const io::Headers& headers) {
  for (auto piece : base::split(headers.get("accept-encoding"), ',')) {
    auto name = base::trim(piece.substr(0, piece.find(';')));
    if (name == "gzip")
      return piece.find("q=0") == std::string_view::npos || piece.find("q=0.") != std::string_view::npos;
  }
  return false;
}

Gzip::Gzip() : stream_(std::make_unique<z_stream>()) {
  constexpr int kFastest = 1, kWindowWithGzipHead = 15 + 16, kMemory = 8;
  if (deflateInit2(stream_.get(), kFastest, Z_DEFLATED, kWindowWithGzipHead, kMemory, Z_DEFAULT_STRATEGY) == Z_OK)
    return;
  fprintf(stderr, "no memory to compress with\n");
  abort();
}

Gzip::~Gzip() {
  deflateEnd(stream_.get());
}

std::string Gzip::add(std::string_view bytes, bool last) {
  std::string out(deflateBound(stream_.get(), bytes.size()) + 64, '\0');
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  size_t used = 0;
  for (;;) {
    stream_->next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream_->avail_out = static_cast<uInt>(out.size() - used);
    int result = deflate(stream_.get(), last ? Z_FINISH : Z_NO_FLUSH);
    used = out.size() - stream_->avail_out;
    bool done = last ? result == Z_STREAM_END : stream_->avail_in == 0 && stream_->avail_out != 0;
    if (done || result == Z_STREAM_ERROR) break;
    out.resize(out.size() * 2);
  }
  out.resize(used);
  return out;
}

}  // namespace apiserver
