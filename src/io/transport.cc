#include "io/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/strings.h"
#include "io/loop.h"
#include "io/tls_output.h"

namespace io {
namespace {

constexpr size_t kGatherMax = 256 * 1024;  // of one write, made into records that go out together

// Pipes and terminals are written to without MSG_NOSIGNAL. Processes we spawn get the default back.
void ignore_sigpipe() {
  static const bool done = [] {
    signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  (void)done;
}

// Go's words, which the people who meet these errors search for.
std::string verify_error(long code) {
  switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "x509: certificate signed by unknown authority";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "x509: certificate has expired or is not yet valid";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "x509: certificate is not valid for the name or address connected to";
    default:
      return base::cat({"x509: ", X509_verify_cert_error_string(code)});
  }
}

std::string socket_name(int fd, bool ours) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if ((ours ? getsockname(fd, address, &length) : getpeername(fd, address, &length)) != 0) return {};
  char text[INET6_ADDRSTRLEN];
  if (storage.ss_family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    return base::cat({text, ":", std::to_string(ntohs(in->sin_port))});
  }
  if (storage.ss_family == AF_INET6) {
    auto* in = reinterpret_cast<sockaddr_in6*>(&storage);
    std::string port = std::to_string(ntohs(in->sin6_port));
    if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
      inet_ntop(AF_INET, &in->sin6_addr.s6_addr[12], text, sizeof text);
      return base::cat({text, ":", port});
    }
    inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    return base::cat({"[", text, "]:", port});
  }
  auto* un = reinterpret_cast<sockaddr_un*>(&storage);
  size_t size = length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0;
  if (size == 0) return "@";
  if (un->sun_path[0] == 0) return base::cat({"@", std::string_view(un->sun_path + 1, size - 1)});
  return std::string(un->sun_path, strnlen(un->sun_path, size));
}

std::string certificate_der(X509* certificate) {
  unsigned char* bytes = nullptr;
  int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

Transport::Transport(int fd) : fd_(fd) {
  ignore_sigpipe();
}
Transport::Transport(int fd, ssl_st* ssl) : fd_(fd), ssl_(ssl), output_(std::make_unique<TlsOutput>(fd)) {
  SSL_set0_wbio(ssl_, output_->make_bio());
}

Transport::~Transport() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  close(fd_);
}

Transport::Status Transport::failed(int result) {
  int number = errno;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Status::WantRead;
    case SSL_ERROR_WANT_WRITE:
      return Status::WantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Status::End;
    case SSL_ERROR_SYSCALL:
      error_ = number != 0 ? strerror(number) : "unexpected EOF";
      ERR_clear_error();
      return Status::Failed;
    default:
      break;
  }
  unsigned long code = ERR_peek_error();
  long verified = SSL_get_verify_result(ssl_);
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    error_ = base::cat({"tls: failed to verify certificate: ", verify_error(verified)});
  } else if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    error_ = "unexpected EOF";
  } else {
    const char* reason = ERR_reason_error_string(code);
    error_ = base::cat({"tls: ", reason != nullptr ? reason : "protocol error"});
  }
  ERR_clear_error();
  return Status::Failed;
}

Transport::Status Transport::handshake() {
  if (ssl_ == nullptr) return Status::Ok;
  ERR_clear_error();
  errno = 0;
  int result = SSL_do_handshake(ssl_);
  return result == 1 ? Status::Ok : failed(result);
}

Transport::Outcome Transport::read(char* into, size_t size) {
  if (ssl_ == nullptr) {
    for (;;) {
      ssize_t got = recv(fd_, into, size, 0);
      if (got > 0) return {Status::Ok, static_cast<size_t>(got), static_cast<size_t>(got) < size};
      if (got == 0) return {Status::End};
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return {Status::WantRead};
      if (errno == ENOTSOCK) {  // a pipe
        got = ::read(fd_, into, size);
        if (got > 0) return {Status::Ok, static_cast<size_t>(got), static_cast<size_t>(got) < size};
        if (got == 0) return {Status::End};
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return {Status::WantRead};
        if (errno == EIO) return {Status::End};  // a terminal whose other side has closed
      }
      error_ = strerror(errno);
      return {Status::Failed};
    }
  }
  ERR_clear_error();
  errno = 0;
  size_t got = 0;
  int result = SSL_read_ex(ssl_, into, size, &got);
  if (result == 1) return {Status::Ok, got, got < size && SSL_has_pending(ssl_) == 0};
  return {failed(result)};
}

Transport::Outcome Transport::write(std::string_view bytes) {
  if (bytes.empty()) return {Status::Ok};
  if (ssl_ == nullptr) {
    for (;;) {
      ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == ENOTSOCK) put = ::write(fd_, bytes.data(), bytes.size());
      if (put >= 0) return {Status::Ok, static_cast<size_t>(put)};
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return {Status::WantWrite};
      error_ = strerror(errno);
      return {Status::Failed};
    }
  }
  if (taken_ > bytes.size()) {
    error_ = "a write that was broken off";
    return {Status::Failed};
  }
  return taken_ > 0 ? send_records(taken_) : write_tls(bytes);
}

Transport::Outcome Transport::write_tls(std::string_view bytes) {
  bytes = bytes.substr(0, kGatherMax);
  size_t taken = 0;
  Status status = Status::Ok;
  output_->gather();
  while (taken < bytes.size() && status == Status::Ok) {
    ERR_clear_error();
    errno = 0;
    size_t put = 0;
    int result = SSL_write_ex(ssl_, bytes.data() + taken, bytes.size() - taken, &put);
    if (result == 1) {
      taken += put;
    } else {
      status = failed(result);
    }
  }
  if (status == Status::End) {
    status = Status::Failed;
    error_ = "connection closed by the peer";
  }
  Outcome sent = send_records(taken);
  return status == Status::Ok || (taken > 0 && status != Status::Failed) ? sent : Outcome{status};
}

// Only when all records are out are the bytes written: nobody else would send the rest.
Transport::Outcome Transport::send_records(size_t taken) {
  taken_ = 0;
  switch (output_->send()) {
    case TlsOutput::Sent::All:
      return {Status::Ok, taken};
    case TlsOutput::Sent::Part:
      taken_ = taken;
      return {Status::WantWrite};
    case TlsOutput::Sent::Failed:
      break;
  }
  error_ = strerror(errno);
  return {Status::Failed};
}

bool Transport::finish() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  return shutdown(fd_, SHUT_WR) == 0 || errno != ENOTSOCK;
}

base::Error Transport::failure() const {
  return base::Error(base::Code::Unavailable, error_.empty() ? "connection closed" : error_);
}

std::string_view Transport::alpn() const {
  if (ssl_ == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

Peer Transport::peer() const {
  Peer peer{.address = socket_name(fd_, false), .local_address = socket_name(fd_, true)};
  if (ssl_ == nullptr) return peer;
  X509* leaf = SSL_get0_peer_certificate(ssl_);
  if (leaf == nullptr) return peer;
  peer.certificates_der.push_back(certificate_der(leaf));
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_);
  // A server's chain leaves the leaf out, a client's has it.
  for (int i = SSL_is_server(ssl_) ? 0 : 1; i < sk_X509_num(chain); i++) {
    peer.certificates_der.push_back(certificate_der(sk_X509_value(chain, i)));
  }
  return peer;
}

namespace {

class TransportStream final : public Stream {
 public:
  TransportStream(std::unique_ptr<Transport> transport, std::string early)
      : transport_(std::move(transport)), early_(std::move(early)) {}

  Task<base::Result<std::string>> read(size_t max) override {
    if (!early_.empty()) {
      std::string piece = early_.substr(0, max);
      early_.erase(0, piece.size());
      co_return std::move(piece);
    }
    std::string piece;
    for (;;) {
      if (transport_ == nullptr) co_return base::fail(base::Code::Closed, "stream closed");
      piece.resize(max);
      auto got = transport_->read(piece.data(), piece.size());
      if (got.status == Transport::Status::Ok) {
        piece.resize(got.size);
        if (piece.capacity() > 4 * piece.size()) piece.shrink_to_fit();
        co_return std::move(piece);
      }
      if (got.status == Transport::Status::End) co_return std::string();
      if (got.status == Transport::Status::Failed) co_return base::fail(base::Code::Closed, transport_->error());
      piece = {};  // nothing is held while waiting
      co_await Waiting(*this, 0, got.status == Transport::Status::WantRead ? Ready::Read : Ready::Write);
    }
  }

  Task<base::Result<void>> write(base::Bytes bytes) override {
    std::string_view rest = bytes.view();
    while (!rest.empty()) {
      if (transport_ == nullptr || finished_) co_return base::fail(base::Code::Closed, "stream closed");
      auto put = transport_->write(rest);
      if (put.status == Transport::Status::Ok) {
        rest.remove_prefix(put.size);
        continue;
      }
      if (put.status == Transport::Status::Failed) co_return base::fail(base::Code::Closed, transport_->error());
      co_await Waiting(*this, 1, put.status == Transport::Status::WantRead ? Ready::Read : Ready::Write);
    }
    co_return base::Result<void>();
  }

  void finish() override {
    if (transport_ != nullptr && !std::exchange(finished_, true) && !transport_->finish()) close();
  }

  void close() override {
    watch_ = nullptr;
    transport_ = nullptr;
    early_.clear();
    for (Waiting* waiting : waiting_) {
      if (waiting != nullptr) waiting->wake();
    }
  }

  ~TransportStream() override { watch_ = nullptr; }

 private:
  // A reader (place 0) or a writer (place 1) that waits for the descriptor.
  struct Waiting {
    Waiting(TransportStream& stream, int place, Ready want) : stream(&stream), place(place), want(want) {}
    Waiting(const Waiting&) = delete;
    ~Waiting() { leave(); }
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      handle = caller;
      listed = true;
      stream->waiting_[place] = this;
      stream->update_interest();
    }
    void await_resume() {}
    void leave() {
      if (!listed) return;
      listed = false;
      stream->waiting_[place] = nullptr;
      stream->update_interest();
    }
    void wake() {
      leave();
      wakeup.schedule(handle);
    }

    TransportStream* stream;
    int place;
    Ready want;
    bool listed = false;
    std::coroutine_handle<> handle;
    Wakeup wakeup;
  };

  void update_interest() {
    if (transport_ == nullptr) return;
    Ready interest = Ready::None;
    for (Waiting* waiting : waiting_) {
      if (waiting != nullptr) interest = interest | waiting->want;
    }
    if (watch_ != nullptr) {
      watch_->set_interest(interest);
    } else if (interest != Ready::None) {
      watch_ = std::make_unique<Watch>(transport_->fd(), interest, [this](Ready ready) {
        for (Waiting* waiting : waiting_) {
          if (waiting != nullptr && (ready & waiting->want)) waiting->wake();
        }
      });
    }
  }

  std::unique_ptr<Transport> transport_;  // null once closed
  std::string early_;
  bool finished_ = false;
  std::unique_ptr<Watch> watch_;
  Waiting* waiting_[2] = {nullptr, nullptr};
};

// Waits once for `fd`.
class Readiness {
 public:
  Readiness(int fd, Ready interest) : fd_(fd), interest_(interest) {}
  Readiness(const Readiness&) = delete;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    watch_.emplace(fd_, interest_, [caller](Ready) { caller.resume(); });
  }
  void await_resume() {}

 private:
  int fd_;
  Ready interest_;
  std::optional<Watch> watch_;
};

}  // namespace

std::unique_ptr<Stream> make_stream(std::unique_ptr<Transport> transport, std::string early) {
  return std::make_unique<TransportStream>(std::move(transport), std::move(early));
}

Task<base::Result<void>> handshake(Transport& transport) {
  for (;;) {
    auto status = transport.handshake();
    if (status == Transport::Status::Ok) co_return base::Result<void>();
    if (status == Transport::Status::End)
      co_return base::fail(base::Code::Unavailable, "connection closed in the TLS handshake");
    if (status == Transport::Status::Failed) co_return base::fail(transport.failure());
    co_await Readiness(transport.fd(), status == Transport::Status::WantRead ? Ready::Read : Ready::Write);
  }
}

}  // namespace io
