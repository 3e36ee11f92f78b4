#include "io/socket.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "io/loop.h"
#include "io/test_certificates.h"
#include "io/tls.h"

namespace io {
namespace {

struct SocketTest : testing::Test {
  std::unique_ptr<Loop> loop = *Loop::create();
  Loop::Entered entered{*loop};
};

TEST(Address, ParsesAndPrints) {
  for (const char* text : {"10.0.0.1:80", "[::1]:443", "name.example:1", ":8080", "unix:/run/x.sock"}) {
    auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(Address::parse("unix:///run/x.sock")->unix_path, "/run/x.sock");
  EXPECT_EQ(Address::parse("[::1]:443")->host, "::1");
  for (const char* text : {"", "10.0.0.1", "a:b", "a:65536", "::1:80", "[::1:80", "unix:", "[]:1"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

Task<void> echo_one(Listener* listener, std::shared_ptr<TlsServer> tls, Peer* peer) {
  auto accepted = co_await listener->accept();
  if (!accepted) co_return;
  auto transport = *std::move(accepted);
  if (tls != nullptr) {
    // The descriptor moves to a transport with TLS.
    int fd = dup(transport->fd());
    transport = std::make_unique<Transport>(fd, tls->begin(fd));
    auto done = co_await handshake(*transport);
    if (!done) co_return;
  }
  *peer = transport->peer();
  auto stream = make_stream(std::move(transport));
  for (;;) {
    auto piece = co_await stream->read();
    if (!piece || piece->empty()) break;
    auto written = co_await stream->write(base::Bytes(*std::move(piece)));
    if (!written) break;
  }
  stream->finish();
}

Task<base::Result<std::string>> talk(Address address, std::shared_ptr<TlsClient> tls, std::string text) {
  CO_TRY(auto transport, co_await connect(std::move(address), std::move(tls)));
  auto stream = make_stream(std::move(transport));
  CO_TRY(co_await stream->write(base::Bytes(text)));
  std::string back;
  while (back.size() < text.size()) {
    CO_TRY(auto piece, co_await stream->read());
    if (piece.empty()) break;
    back += piece;
  }
  stream->finish();
  CO_TRY(auto rest, co_await stream->read());
  co_return back + rest;
}

TEST_F(SocketTest, BytesGoBothWaysOverTcp) {
  auto listener = *Listener::listen({.host = "127.0.0.1"});
  Peer peer;
  Scope scope;
  scope.spawn(echo_one(listener.get(), nullptr, &peer));
  EXPECT_EQ(loop->run_task(talk(listener->address(), nullptr, "hello")).value(), "hello");
  EXPECT_TRUE(peer.address.starts_with("127.0.0.1:"));
  EXPECT_EQ(peer.local_address, listener->address().text());
}

TEST_F(SocketTest, ListenerOnNoHostTakesBothFamilies) {
  auto listener = *Listener::listen({});
  for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
    Peer peer;
    Scope scope;
    scope.spawn(echo_one(listener.get(), nullptr, &peer));
    auto answer = loop->run_task(talk({.host = host, .port = listener->address().port}, nullptr, "x"));
    if (!answer && std::string(host) == "::1") continue;  // a machine without IPv6
    EXPECT_EQ(answer.value(), "x") << host;
  }
}

TEST_F(SocketTest, NobodyListeningIsUnavailableWithTheReason) {
  auto listener = *Listener::listen({.host = "127.0.0.1"});
  Address address = listener->address();
  listener = nullptr;
  auto answer = loop->run_task(talk(address, nullptr, "x"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), base::Code::Unavailable);
  EXPECT_EQ(answer.error().message(), "dial tcp " + address.text() + ": connect: connection refused");
}

struct UnixSocketTest : SocketTest {
  UnixSocketTest() {
    char name[] = "/tmp/socket_test_XXXXXX";
    folder = mkdtemp(name);
    address = Address::unix_socket(folder + "/s");
  }
  ~UnixSocketTest() override {
    unlink(address.unix_path.c_str());
    rmdir(folder.c_str());
  }
  std::string folder;
  Address address;
};

TEST_F(UnixSocketTest, FileLeftBehindIsReplacedAndALiveOneIsNot) {
  auto listener = *Listener::listen(address);
  EXPECT_FALSE(Listener::listen(address));
  // One that died without cleaning up: the file stays while the socket goes.
  ASSERT_EQ(rename(address.unix_path.c_str(), (folder + "/kept").c_str()), 0);
  listener = nullptr;
  ASSERT_EQ(rename((folder + "/kept").c_str(), address.unix_path.c_str()), 0);
  auto again = Listener::listen(address);
  ASSERT_TRUE(again);
  Peer peer;
  Scope scope;
  scope.spawn(echo_one(again->get(), nullptr, &peer));
  EXPECT_EQ(loop->run_task(talk(address, nullptr, "hello")).value(), "hello");
  scope.cancel();
  *again = nullptr;
  EXPECT_NE(access(address.unix_path.c_str(), F_OK), 0);
}

struct TlsTest : SocketTest {
  TestCertificate authority = make_test_certificate("test authority");
  TestCertificate server_certificate = make_test_certificate("server", "DNS:localhost,IP:127.0.0.1", &authority);
  std::unique_ptr<Listener> listener = *Listener::listen({.host = "127.0.0.1"});
  Peer peer;

  TlsServer::Options server_options() {
    TlsServer::Options options;
    options.certificate = {.chain = {.text = server_certificate.certificate_pem},
                           .key = {.text = server_certificate.key_pem}};
    return options;
  }
  TlsClient::Options client_options() {
    TlsClient::Options options;
    options.ca.text = authority.certificate_pem;
    return options;
  }
  base::Result<std::string> exchange(TlsServer::Options server, TlsClient::Options client, std::string text = "hello",
                                     std::string host = "127.0.0.1") {
    Scope scope;
    scope.spawn(echo_one(listener.get(), *TlsServer::create(std::move(server)), &peer));
    auto tls = TlsClient::create(std::move(client));
    if (!tls) return base::fail(tls.error());
    return loop->run_task(talk({.host = host, .port = listener->address().port}, *tls, std::move(text)));
  }
};

TEST_F(TlsTest, CarriesManyRecordsBothWays) {
  std::string large(100'000, 'x');  // fits the sockets' buffers: the client writes all before it reads
  for (size_t i = 0; i < large.size(); i += 7) large[i] = static_cast<char>(i);
  EXPECT_EQ(exchange(server_options(), client_options(), large).value(), large);
}

TEST_F(TlsTest, UnknownAuthorityIsRefusedInGosWords) {
  auto other = make_test_certificate("another authority");
  auto options = client_options();
  options.ca.text = other.certificate_pem;
  auto answer = exchange(server_options(), options);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), base::Code::Unavailable);
  EXPECT_EQ(answer.error().message(),
            "tls: failed to verify certificate: x509: certificate signed by unknown authority");
  options.skip_verify = true;
  EXPECT_TRUE(exchange(server_options(), options));
}

TEST_F(TlsTest, NameMustBeTheCertificates) {
  auto options = client_options();
  EXPECT_TRUE(exchange(server_options(), options, "x", "localhost"));
  options.server_name = "elsewhere.example";
  EXPECT_FALSE(exchange(server_options(), options));
  options.server_name = "10.9.9.9";
  EXPECT_FALSE(exchange(server_options(), options));
}

TEST_F(TlsTest, ServerSeesTheClientsCertificateWhoeverSignedIt) {
  auto client = make_test_certificate("alice", "", nullptr, "system:masters");
  auto options = client_options();
  options.certificate.text = client.certificate_pem;
  options.key.text = client.key_pem;
  EXPECT_TRUE(exchange(server_options(), options));
  ASSERT_EQ(peer.certificates_der.size(), 1u);
  EXPECT_NE(peer.certificates_der[0].find("alice"), std::string::npos);
  EXPECT_TRUE(exchange(server_options(), client_options()));
  EXPECT_TRUE(peer.certificates_der.empty());
}

TEST_F(TlsTest, ChainComesLeafFirst) {
  auto client = make_test_certificate("alice", "", &authority);
  auto options = client_options();
  options.certificate.text = client.certificate_pem + authority.certificate_pem;
  options.key.text = client.key_pem;
  EXPECT_TRUE(exchange(server_options(), options));
  ASSERT_EQ(peer.certificates_der.size(), 2u);
  EXPECT_NE(peer.certificates_der[0].find("alice"), std::string::npos);
}

TEST_F(TlsTest, NameAskedForChoosesTheCertificate) {
  auto other = make_test_certificate("other", "DNS:*.other.example", &authority);
  auto server = server_options();
  server.sni.push_back({.chain = {.text = other.certificate_pem}, .key = {.text = other.key_pem}});
  auto options = client_options();
  options.server_name = "a.other.example";
  EXPECT_TRUE(exchange(server, options));
  options.server_name = "a.b.other.example";
  EXPECT_FALSE(exchange(server, options));
}

TEST_F(TlsTest, MismatchedKeyIsRefusedAtOnce) {
  auto server = server_options();
  server.certificate.key.text = authority.key_pem;
  EXPECT_FALSE(TlsServer::create(server));
  server.certificate.key.text = "nonsense";
  EXPECT_FALSE(TlsServer::create(server));
}

TEST_F(TlsTest, ReloadShowsTheNewCertificateAndABadOneKeepsTheOld) {
  char name[] = "/tmp/tls_test_XXXXXX";
  int fd = mkstemp(name);
  auto put = [&](const std::string& text) {
    ASSERT_EQ(ftruncate(fd, 0), 0);
    ASSERT_EQ(pwrite(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  };
  put(server_certificate.certificate_pem);
  auto server = server_options();
  server.certificate.chain.file = name;
  auto tls = *TlsServer::create(server);
  put("nonsense");
  EXPECT_FALSE(tls->reload());
  Scope scope;
  scope.spawn(echo_one(listener.get(), tls, &peer));
  EXPECT_TRUE(loop->run_task(talk(listener->address(), *TlsClient::create(client_options()), "x")));
  unlink(name);
  close(fd);
}

}  // namespace
}  // namespace io
