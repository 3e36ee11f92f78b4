#include "io/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace io {
namespace {

constexpr int64_t kLookAgainNs = 10'000'000'000;

template <class T, void (*free)(T*)>
struct Freed {
  void operator()(T* object) const { free(object); }
};
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, SSL_CTX_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

std::unexpected<base::Error> tls_error(std::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return base::fail(base::Code::Invalid, base::cat({what, ": ", reason != nullptr ? reason : "unknown error"}));
}

Bio open_text(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

base::Result<std::vector<Certificate>> read_certificates(const std::string& pem) {
  std::vector<Certificate> all;
  Bio bio = open_text(pem);
  while (X509* one = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(one);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE || all.empty())
    return tls_error("read certificates");
  ERR_clear_error();
  return all;
}

// A key without a passphrase; asking for one on the terminal would block.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

base::Result<void> use_certificate(SSL_CTX* context, const Pem& chain, const Pem& key) {
  TRY(auto chain_text, chain.load());
  TRY(auto key_text, key.load());
  TRY(auto certificates, read_certificates(chain_text));
  Bio key_bio = open_text(key_text);
  Key private_key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr));
  if (private_key == nullptr) return tls_error("read private key");
  if (SSL_CTX_use_certificate(context, certificates[0].get()) != 1) return tls_error("use certificate");
  for (size_t i = 1; i < certificates.size(); i++) {
    if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1) return tls_error("use certificate chain");
  }
  if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return tls_error("private key does not match the certificate");
  }
  return {};
}

Context new_context(const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method));
  if (context == nullptr) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_read_ahead(context.get(), 1);  // one system call per read, not one per record header and body
  // Go's order: the 128 bit cipher is the cheaper of equals.
  SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  return context;
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const auto& name : names) {
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

// What of a file tells that it is another one than before.
struct Stamp {
  std::string file;
  int64_t modified_ns = 0;
  uint64_t inode = 0;
  int64_t size = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::string& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0) return {.file = file};
  return {file, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_ino, info.st_size};
}

// The files some context was made of, and when they were last looked at.
class Files {
 public:
  void add(const Pem& pem) {
    if (!pem.file.empty()) stamps_.push_back(stamp_of(pem.file));
  }
  // True if one has changed since it was last asked; looks at most once in kLookAgainNs.
  bool have_changed() {
    int64_t now = base::system_clock().monotonic_ns();
    if (stamps_.empty() || now - looked_ns_ < kLookAgainNs) return false;
    looked_ns_ = now;
    bool changed = false;
    for (auto& stamp : stamps_) {
      Stamp next = stamp_of(stamp.file);
      changed |= next != stamp;
      stamp = next;
    }
    return changed;
  }

 private:
  std::vector<Stamp> stamps_;
  int64_t looked_ns_ = base::system_clock().monotonic_ns();
};

bool name_matches(std::string_view pattern, std::string_view name) {
  if (base::equals_ignoring_case(pattern, name)) return true;
  if (!pattern.starts_with("*.")) return false;
  size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && base::equals_ignoring_case(pattern.substr(1), name.substr(dot));
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return names;
}

// What a server's context carries; lives as long as the SSL_CTX, hence as any connection made from it.
struct ServerExtra {
  std::string alpn;
  struct Other {
    std::vector<std::string> names;
    Context context;
  };
  std::vector<Other> others;
};

int extra_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* extra, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<ServerExtra*>(extra); });
  return index;
}

int choose_by_name(SSL* ssl, int*, void* extra_pointer) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const auto& other : static_cast<ServerExtra*>(extra_pointer)->others) {
    for (const auto& pattern : other.names) {
      if (!name_matches(pattern, name)) continue;
      SSL_set_SSL_CTX(ssl, other.context.get());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_OK;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
                void* extra) {
  const std::string& ours = static_cast<ServerExtra*>(extra)->alpn;
  unsigned char* chosen = nullptr;
  int result = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                     static_cast<unsigned int>(ours.size()), in, in_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

base::Result<Context> server_context(const TlsServer::Options& options, const TlsServer::Certificate& certificate,
                                     ServerExtra* extra) {
  Context context = new_context(TLS_server_method());
  if (context == nullptr) return tls_error("create a TLS context");
  SSL_CTX_set_ex_data(context.get(), extra_index(), extra);  // owned from here on
  extra->alpn = alpn_wire(options.alpn);
  if (!extra->alpn.empty()) SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, extra);
  if (options.version_min >= 13) SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context.get(), options.ciphers.c_str()) != 1) {
    return tls_error("choose ciphers");
  }
  TRY(use_certificate(context.get(), certificate.chain, certificate.key));
  if (options.request_client_certificate) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // The handshake proves that the client has the key; whose it is, is for the authenticator to say.
    SSL_CTX_set_cert_verify_callback(context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    for (const auto& pem : options.client_authorities) {
      TRY(auto text, pem.load());
      TRY(auto authorities, read_certificates(text));
      for (const auto& authority : authorities) SSL_CTX_add_client_CA(context.get(), authority.get());
    }
  }
  return context;
}

std::string with_file(const Pem& pem) {
  return pem.file.empty() ? std::string("certificate") : pem.file;
}

}  // namespace

base::Result<std::string> Pem::load() const {
  if (file.empty()) return text;
  int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::fail(base::system_error(base::cat({"open ", file}), errno));
  std::string content;
  char buffer[8192];
  ssize_t got;
  while ((got = read(fd, buffer, sizeof buffer)) > 0) content.append(buffer, static_cast<size_t>(got));
  int number = errno;
  close(fd);
  if (got < 0) return base::fail(base::system_error(base::cat({"read ", file}), number));
  return content;
}

struct TlsServer::State {
  Options options;
  base::Mutex mutex;
  Context context GUARDED_BY(mutex);
  Files files GUARDED_BY(mutex);

  base::Result<Context> load() const {
    auto* extra = new ServerExtra;
    auto main = server_context(options, options.certificate, extra);
    if (!main) return base::fail(main.error().with_context(with_file(options.certificate.chain)));
    for (const auto& certificate : options.sni) {
      auto context = server_context(options, certificate, new ServerExtra);
      if (!context) return base::fail(context.error().with_context(with_file(certificate.chain)));
      auto names = certificate.names.empty() ? names_of(SSL_CTX_get0_certificate(context->get())) : certificate.names;
      extra->others.push_back({std::move(names), *std::move(context)});
    }
    if (!extra->others.empty()) {
      SSL_CTX_set_tlsext_servername_callback(main->get(), choose_by_name);
      SSL_CTX_set_tlsext_servername_arg(main->get(), extra);
    }
    return main;
  }
};

TlsServer::TlsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsServer::~TlsServer() = default;

base::Result<std::shared_ptr<TlsServer>> TlsServer::create(Options options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  const auto& all = state->options;
  {
    base::Lock lock(state->mutex);
    state->files.add(all.certificate.chain);
    state->files.add(all.certificate.key);
    for (const auto& pem : all.client_authorities) state->files.add(pem);
    for (const auto& certificate : all.sni) {
      state->files.add(certificate.chain);
      state->files.add(certificate.key);
    }
  }
  std::shared_ptr<TlsServer> server(new TlsServer(std::move(state)));
  TRY(server->reload());
  return server;
}

base::Result<void> TlsServer::reload() {
  TRY(auto context, state_->load());
  base::Lock lock(state_->mutex);
  std::swap(state_->context, context);
  return {};
}

ssl_st* TlsServer::begin(int fd) {
  bool changed;
  {
    base::Lock lock(state_->mutex);
    changed = state_->files.have_changed();
  }
  if (changed) {
    if (auto loaded = reload(); !loaded) {
      LOG_WARNING("Keeping the old certificate", {"err", loaded.error().message()});
    }
  }
  base::Lock lock(state_->mutex);
  SSL* ssl = SSL_new(state_->context.get());
  if (ssl == nullptr) return nullptr;
  SSL_set_fd(ssl, fd);
  SSL_set_accept_state(ssl);
  return ssl;
}

struct TlsClient::State {
  Options options;
  base::Mutex mutex;
  Context context GUARDED_BY(mutex);
  Files files GUARDED_BY(mutex);

  base::Result<Context> load() const {
    Context context = new_context(TLS_client_method());
    if (context == nullptr) return tls_error("create a TLS context");
    std::string alpn = alpn_wire(options.alpn);
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned int>(alpn.size()));
    if (!options.skip_verify) {
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
      X509_STORE* store = SSL_CTX_get_cert_store(context.get());
      // As Go has it: any certificate of the bundle is an anchor, its issuer need not be there.
      X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
      if (options.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context.get());
        SSL_CTX_load_verify_locations(context.get(), "/etc/ssl/certs/ca-certificates.crt", nullptr);
        ERR_clear_error();
      } else {
        TRY(auto text, options.ca.load());
        auto authorities = read_certificates(text);
        if (!authorities) return base::fail(authorities.error().with_context(with_file(options.ca)));
        for (const auto& authority : *authorities) X509_STORE_add_cert(store, authority.get());
      }
    }
    if (!options.certificate.empty()) {
      auto used = use_certificate(context.get(), options.certificate, options.key);
      if (!used) return base::fail(used.error().with_context(with_file(options.certificate)));
    }
    return context;
  }
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

base::Result<std::shared_ptr<TlsClient>> TlsClient::create(Options options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  {
    base::Lock lock(state->mutex);
    for (const Pem* pem : {&state->options.ca, &state->options.certificate, &state->options.key})
      state->files.add(*pem);
  }
  std::shared_ptr<TlsClient> client(new TlsClient(std::move(state)));
  TRY(client->reload());
  return client;
}

base::Result<void> TlsClient::reload() {
  TRY(auto context, state_->load());
  base::Lock lock(state_->mutex);
  std::swap(state_->context, context);
  return {};
}

base::Result<std::shared_ptr<TlsClient>> TlsClient::with_alpn(std::vector<std::string> alpn) const {
  Options options = state_->options;
  options.alpn = std::move(alpn);
  return create(std::move(options));
}

ssl_st* TlsClient::begin(int fd, const std::string& host) {
  bool changed;
  {
    base::Lock lock(state_->mutex);
    changed = state_->files.have_changed();
  }
  if (changed) {
    if (auto loaded = reload(); !loaded) {
      LOG_WARNING("Keeping the old client certificate", {"err", loaded.error().message()});
    }
  }
  SSL* ssl;
  {
    base::Lock lock(state_->mutex);
    ssl = SSL_new(state_->context.get());
  }
  if (ssl == nullptr) return nullptr;
  const std::string& name = state_->options.server_name.empty() ? host : state_->options.server_name;
  unsigned char numeric[sizeof(in6_addr)];
  bool is_address = inet_pton(AF_INET, name.c_str(), numeric) == 1 || inet_pton(AF_INET6, name.c_str(), numeric) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
  } else if (!name.empty()) {
    SSL_set_tlsext_host_name(ssl, name.c_str());
    SSL_set1_host(ssl, name.c_str());
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  }
  SSL_set_fd(ssl, fd);
  SSL_set_connect_state(ssl);
  return ssl;
}

}  // namespace io
