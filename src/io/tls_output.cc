#include "io/tls_output.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

namespace io {
namespace {

// Of the connection that gathers; a loop gathers for one at a time, and sends before it turns to the next.
thread_local std::string gathered;
constexpr size_t kKeptBytesMax = 512 * 1024;

TlsOutput& output_of(BIO* bio) {
  return *static_cast<TlsOutput*>(BIO_get_data(bio));
}

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  long put = output_of(bio).put({bytes, static_cast<size_t>(size)});
  if (put < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls output");
    BIO_meth_set_write(fresh, bio_write);
    BIO_meth_set_ctrl(fresh, bio_control);
    return fresh;
  }();
  return made;
}

}  // namespace

bio_st* TlsOutput::make_bio() {
  BIO* bio = BIO_new(method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

void TlsOutput::gather() {
  gathering_ = true;
  gathered.clear();
}

long TlsOutput::send_now(std::string_view bytes) const {
  for (;;) {
    ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0 || errno != EINTR) return put;
  }
}

TlsOutput::Sent TlsOutput::send() {
  gathering_ = false;
  if (!unsent_.empty()) {
    unsent_ += gathered;
    gathered.clear();
  }
  std::string& from = unsent_.empty() ? gathered : unsent_;
  std::string_view rest = from;
  while (!rest.empty()) {
    long put = send_now(rest);
    if (put < 0 && errno != EAGAIN) return Sent::Failed;
    if (put < 0) break;
    rest.remove_prefix(static_cast<size_t>(put));
  }
  bool all = rest.empty();
  std::string kept(rest);
  unsent_ = std::move(kept);
  gathered.clear();
  if (gathered.capacity() > kKeptBytesMax) gathered = {};
  return all ? Sent::All : Sent::Part;
}

// Records that are not gathered (of handshakes, alerts) follow those that are still to go.
long TlsOutput::put(std::string_view bytes) {
  if (gathering_) {
    gathered += bytes;
    return static_cast<long>(bytes.size());
  }
  if (has_unsent()) {
    gathered.clear();
    Sent sent = send();
    if (sent == Sent::Failed) return -1;
    if (sent == Sent::Part) {
      errno = EAGAIN;
      return -1;
    }
  }
  return send_now(bytes);
}

}  // namespace io
