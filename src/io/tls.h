// TLS contexts: what a server shows and what a client trusts. TLS 1.2 and 1.3.
//
// Certificates given as files are read again when they have changed: looked at when a connection begins, at most once
// in ten seconds, so that nothing ticks while nobody connects. A change that cannot be read keeps what was there.
// Safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct ssl_st;

namespace io {

// PEM text, or the name of a file with it. The file wins if both are set.
struct Pem {
  std::string text;
  std::string file;
  bool empty() const { return text.empty() && file.empty(); }
  base::Result<std::string> load() const;
};

class TlsServer {
 public:
  struct Certificate {
    Pem chain;  // leaf first
    Pem key;
    std::vector<std::string> names;  // for SNI: "a.example", "*.example"; empty: those the certificate bears
  };
  struct Options {
    Certificate certificate;
    std::vector<Certificate> sni;                        // others, chosen by the name the client asks for
    std::vector<std::string> alpn = {"h2", "http/1.1"};  // in order of preference
    // Asks for a certificate, does not insist, verifies that the client has its key but no CA: see Peer.
    bool request_client_certificate = true;
    std::vector<Pem> client_authorities;  // whose names are told to the client as a hint; may be empty
    int version_min = 12;                 // 12 or 13
    std::string ciphers;                  // OpenSSL's list for TLS 1.2; empty: forward secret AEAD ones
  };
  static base::Result<std::shared_ptr<TlsServer>> create(Options options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // Reads the files again now.
  base::Result<void> reload();
  // A server's side of a new connection over `fd`, for Transport. Null if memory is out.
  ssl_st* begin(int fd);

 private:
  struct State;
  explicit TlsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TlsClient {
 public:
  struct Options {
    Pem ca;                    // whom to trust; empty: the system's certificates
    bool skip_verify = false;  // trusts anyone
    std::string server_name;   // verified instead of the host connected to
    Pem certificate;           // ours, if the server asks; leaf first
    Pem key;
    std::vector<std::string> alpn = {"h2", "http/1.1"};
  };
  static base::Result<std::shared_ptr<TlsClient>> create(Options options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  base::Result<void> reload();
  // The same trust and certificate with other protocols offered: {"http/1.1"} for upgrades.
  base::Result<std::shared_ptr<TlsClient>> with_alpn(std::vector<std::string> alpn) const;
  // A client's side of a new connection to `host` (a name or an IP address). Null if memory is out.
  ssl_st* begin(int fd, const std::string& host);

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace io
