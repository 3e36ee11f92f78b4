#include "apiserver/encryption/encryption.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <deque>
#include <filesystem>

#include "api/kms_v2.h"
#include "base/file.h"
#include "base/strings.h"
#include "io/grpc_server.h"
#include "rpc/rpc.h"
#include "store/store.h"

namespace apiserver::encryption {
namespace {

namespace kms = api::kms_v2;
namespace service = api::kms_v2::key_management_service;
using base::Bytes;
using namespace std::chrono_literals;

constexpr size_t kMapBytes = size_t{64} << 20;
constexpr std::string_view kKey = "/registry/secrets/default/a";

// The plug-in of a key service: turns texts round.
class FakeService {
 public:
  std::string key_id = "one";
  std::string healthz = "ok";
  int decrypted = 0;

  void serve(const std::string& path) {
    rpc::serve_unary<kms::StatusResponse, kms::StatusRequest>(
        services_, service::kStatus, [this](kms::StatusRequest request) { return status(std::move(request)); });
    rpc::serve_unary<kms::EncryptResponse, kms::EncryptRequest>(
        services_, service::kEncrypt, [this](kms::EncryptRequest request) { return encrypt(std::move(request)); });
    rpc::serve_unary<kms::DecryptResponse, kms::DecryptRequest>(
        services_, service::kDecrypt, [this](kms::DecryptRequest request) { return decrypt(std::move(request)); });
    server_ = *io::serve_grpc(services_, io::Address::unix_socket(path));
  }
  void stop() { server_.reset(); }

 private:
  io::Task<base::Result<kms::StatusResponse>> status(kms::StatusRequest) {
    co_return kms::StatusResponse{.version = "v2", .healthz = healthz, .key_id = key_id};
  }
  io::Task<base::Result<kms::EncryptResponse>> encrypt(kms::EncryptRequest request) {
    const std::string& text = request.plaintext;
    co_return kms::EncryptResponse{.ciphertext = std::string(text.rbegin(), text.rend()),
                                   .key_id = key_id,
                                   .annotations = {{"of.example.com", "test"}}};
  }
  io::Task<base::Result<kms::DecryptResponse>> decrypt(kms::DecryptRequest request) {
    ++decrypted;
    if (request.annotations["of.example.com"] != "test") co_return base::fail(base::Code::BadRequest, "not of here");
    const std::string& text = request.ciphertext;
    co_return kms::DecryptResponse{.plaintext = std::string(text.rbegin(), text.rend())};
  }

  io::GrpcServices services_;
  std::unique_ptr<io::HttpServer> server_;
};

class EncryptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "encryption-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override {
    run([&] { encryption_.reset(); });
    run([&] { plugin_.stop(); });
    std::filesystem::remove_all(folder_);
  }

  void run(std::function<void()> work) {
    struct Flow {
      static io::Task<void> flow(std::function<void()> work) {
        work();
        co_return;
      }
    };
    loop_->run_task(Flow::flow(std::move(work)));
  }
  std::string file() const { return folder_ + "/encryption.yaml"; }
  void write(std::string_view providers, std::string_view resources = "[secrets]") {
    ASSERT_TRUE(base::write_file(file(),
                                 "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"
                                 "resources:\n- resources: " +
                                     std::string(resources) + "\n  providers:\n" + std::string(providers),
                                 0600));
  }
  // What opening the file ends with; "" is well.
  std::string open(Reload reload = Reload::Never) {
    auto opened = loop_->run_task(Encryption::open_file(file(), reload, clock_, metrics_.emplace_back()));
    if (!opened) return opened.error().message();
    run([&] { encryption_ = std::move(*opened); });
    return "";
  }
  std::string sealed(std::string_view key = kKey, std::string value = "value") {
    auto form = encryption_->seal(key, Bytes(std::move(value)));
    return form ? std::string(form->value.view()) : "error: " + form.error().message();
  }
  std::string opened(std::string kept, std::string_view key = kKey) {
    auto form = loop_->run_task(encryption_->open(std::string(key), Bytes(std::move(kept))));
    return form ? std::string(form->value.view()) : "error: " + form.error().message();
  }
  // Whether what is written now under the key would be written again.
  bool is_current(const store::SealRef& seal) const { return encryption_->is_current(kKey, seal); }
  void start_plugin() {
    run([&] { plugin_.serve(folder_ + "/kms.sock"); });
  }
  std::string kms_provider() const {
    return "  - kms: {apiVersion: v2, name: plugin, endpoint: unix://" + folder_ + "/kms.sock, timeout: 10s}\n";
  }

  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  base::FakeClock clock_;
  std::deque<base::Metrics> metrics_;  // of each that was opened
  std::string folder_;
  FakeService plugin_;
  std::shared_ptr<Encryption> encryption_;
};

const std::string kSecretOne = base::base64_encode(std::string(32, '1'));
const std::string kSecretTwo = base::base64_encode(std::string(32, '2'));

std::string keys(std::string_view cipher, std::vector<std::pair<std::string, std::string>> named) {
  std::string text = "  - " + std::string(cipher) + ": {keys: [";
  for (const auto& [name, secret] : named) text += "{name: " + name + ", secret: " + secret + "},";
  return text + "]}\n";
}

TEST_F(EncryptionTest, EachCipherHasUpstreamsPrefixAndOpensItsOwn) {
  for (std::string cipher : {"aescbc", "aesgcm", "secretbox"}) {
    write(keys(cipher, {{"first", kSecretOne}}));
    ASSERT_EQ(open(), "");
    std::string kept = sealed();
    EXPECT_TRUE(kept.starts_with("k8s:enc:" + cipher + ":v1:first:")) << kept;
    EXPECT_EQ(kept.find("value"), std::string::npos);
    EXPECT_EQ(opened(kept), "value");
  }
}

TEST_F(EncryptionTest, TheFirstKeyWritesAndAllRead) {
  write(keys("aesgcm", {{"old", kSecretOne}}));
  ASSERT_EQ(open(), "");
  auto before = *encryption_->seal(kKey, Bytes("value"));
  EXPECT_TRUE(is_current(before.seal));
  write(keys("secretbox", {{"new", kSecretTwo}}) + keys("aesgcm", {{"old", kSecretOne}}) + "  - identity: {}\n");
  ASSERT_EQ(open(), "");
  EXPECT_TRUE(sealed().starts_with("k8s:enc:secretbox:v1:new:"));
  EXPECT_EQ(opened(std::string(before.value.view())), "value");
  EXPECT_FALSE(is_current(before.seal));
  EXPECT_TRUE(encryption_->is_plain(kKey, "plain"));
  EXPECT_FALSE(is_current(nullptr));
}

TEST_F(EncryptionTest, AKeyOfTheSameNameIsAnother) {
  write(keys("aesgcm", {{"key", kSecretOne}}));
  ASSERT_EQ(open(), "");
  auto before = *encryption_->seal(kKey, Bytes("value"));
  write(keys("aesgcm", {{"key", kSecretTwo}, {"key", kSecretOne}}));
  ASSERT_EQ(open(), "");
  EXPECT_EQ(opened(std::string(before.value.view())), "value");
  EXPECT_FALSE(is_current(before.seal));
}

TEST_F(EncryptionTest, WhatNoKeyOpensSaysWhy) {
  write(keys("aesgcm", {{"one", kSecretOne}}));
  ASSERT_EQ(open(), "");
  std::string kept = sealed();
  EXPECT_EQ(opened("k8s:enc:aesgcm:v1:two:xyz"), "error: no matching key was found for the provided AES transformer");
  EXPECT_EQ(opened("k8s:enc:secretbox:v1:two:xyz"), "error: no matching prefix found");
  EXPECT_EQ(opened("plain"), "error: no matching prefix found");
  EXPECT_EQ(opened(kept, "/registry/secrets/default/b"), "error: cipher: message authentication failed");
  EXPECT_EQ(opened(kept, "/registry/configmaps/default/a"), "error: identity transformer tried to read encrypted data");
}

TEST_F(EncryptionTest, ResourcesAreChosenByNameGroupAndAll) {
  auto seals = [&](std::string_view key) { return sealed(key).starts_with("k8s:enc:"); };
  auto chosen = [&](std::string_view resources) {
    write(keys("aesgcm", {{"key", kSecretOne}}), resources);
    EXPECT_EQ(open(), "");
    std::string text;
    if (seals("/registry/secrets/default/a")) text += "secrets ";
    if (seals("/registry/services/specs/default/a")) text += "services ";
    if (seals("/registry/deployments/default/a")) text += "deployments ";
    if (seals("/registry/events/default/a")) text += "events ";
    if (seals("/registry/example.com/widgets/default/a")) text += "widgets ";
    if (seals("/registry/ranges/serviceips")) text += "ranges ";
    return text;
  };
  EXPECT_EQ(chosen("[secrets, deployments.apps, widgets.example.com]"), "secrets deployments widgets ");
  EXPECT_EQ(chosen("['*.']"), "secrets services events ");
  EXPECT_EQ(chosen("['*.apps']"), "deployments ");
  EXPECT_EQ(chosen("['*.*']"), "secrets services deployments events widgets ");
}

TEST_F(EncryptionTest, ConfigurationsThatAreWrongAreRefusedAndShowNoSecret) {
  auto refusal = [&](std::string_view providers, std::string_view resources = "[secrets]") {
    write(providers, resources);
    std::string text = open();
    EXPECT_EQ(text.find(kSecretOne), std::string::npos);
    std::string beginning = "error while parsing encryption provider configuration file \"" + file() + "\": ";
    EXPECT_TRUE(text.starts_with(beginning)) << text;
    return text.substr(std::min(text.size(), beginning.size()));
  };
  EXPECT_EQ(refusal(keys("aescbc", {{"key", "c2hvcnQ="}})),
            "invalid configuration: resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": "
            "secret is not of the expected length, got 5, expected one of [16 24 32]");
  EXPECT_EQ(refusal(keys("secretbox", {{"key", kSecretOne + "?"}})),
            "invalid configuration: resources[0].providers[0].secretbox.keys[0].secret: Invalid value: \"REDACTED\": "
            "secrets must be base64 encoded");
  EXPECT_EQ(
      refusal("  - identity: {}\n", "[secrets, secrets]"),
      "invalid configuration: resources[0].resources: Invalid value: [\"secrets\",\"secrets\"]: the same resource "
      "cannot be specified multiple times");
  EXPECT_EQ(refusal("  - identity: {}\n", "['*']"),
            "invalid configuration: resources[0].resources[0]: Invalid value: \"*\": use '*.' to encrypt all the "
            "resources from core API group or *.* to encrypt all resources");
  EXPECT_EQ(
      refusal("  - kms: {apiVersion: v2, name: x, endpoint: 'http://here'}\n"),
      "invalid configuration: resources[0].providers[0].kms.endpoint: Invalid value: \"http://here\": unsupported "
      "scheme \"http\" for KMS provider, only unix is supported");
  EXPECT_TRUE(refusal("  - identity: {}\n    nonsense: 1\n").starts_with("strict decoding error: unknown field"));
  EXPECT_EQ(open().find("unable"), std::string::npos);
  std::filesystem::remove(file());
  EXPECT_TRUE(open().starts_with("error opening encryption provider configuration file"));
}

TEST_F(EncryptionTest, LoadingAgainTakesTheNewKeysOrLeavesTheOld) {
  write(keys("aesgcm", {{"one", kSecretOne}}));
  ASSERT_EQ(open(Reload::WhenChanged), "");
  write(keys("aesgcm", {{"two", kSecretTwo}, {"one", kSecretOne}}));
  ASSERT_TRUE(loop_->run_task(encryption_->load()));
  EXPECT_TRUE(sealed().starts_with("k8s:enc:aesgcm:v1:two:"));
  write("  - nonsense: {}\n");
  ASSERT_FALSE(loop_->run_task(encryption_->load()));
  EXPECT_TRUE(sealed().starts_with("k8s:enc:aesgcm:v1:two:"));
}

TEST_F(EncryptionTest, AKeyServiceSealsAndOpensAlsoAfterARestart) {
  start_plugin();
  write(kms_provider());
  ASSERT_EQ(open(), "");
  std::string kept = sealed();
  EXPECT_TRUE(kept.starts_with("k8s:enc:kms:v2:plugin:")) << kept;
  EXPECT_EQ(kept.find("value"), std::string::npos);
  EXPECT_EQ(opened(kept), "value");
  EXPECT_EQ(plugin_.decrypted, 0);  // its own seed
  EXPECT_NE(opened(kept, "/registry/secrets/default/b"), "value");
  ASSERT_EQ(open(), "");
  EXPECT_EQ(opened(kept), "value");
  EXPECT_EQ(opened(kept), "value");
  EXPECT_EQ(plugin_.decrypted, 1);  // once for a seed
}

TEST_F(EncryptionTest, AnotherKeyOfTheServiceMakesANewSeed) {
  start_plugin();
  write(kms_provider());
  ASSERT_EQ(open(), "");
  auto before = *encryption_->seal(kKey, Bytes("value"));
  EXPECT_TRUE(is_current(before.seal));
  plugin_.key_id = "two";
  ASSERT_TRUE(loop_->run_task(encryption_->load()));
  EXPECT_FALSE(is_current(before.seal));
  EXPECT_EQ(opened(std::string(before.value.view())), "value");
  auto after = *encryption_->seal(kKey, Bytes("value"));
  EXPECT_TRUE(is_current(after.seal));
}

TEST_F(EncryptionTest, AServiceThatIsNotWellIsToldAndReadsWhatItHasRead) {
  start_plugin();
  write(kms_provider());
  ASSERT_EQ(open(), "");
  std::string kept = sealed();
  ASSERT_EQ(encryption_->health().size(), 1u);
  EXPECT_EQ(encryption_->health()[0].name, "kms-provider-0");
  EXPECT_FALSE(encryption_->health()[0].trouble);
  // Unconfirmed for too long, its seed writes no more.
  clock_.advance_ns(181'000'000'000);
  EXPECT_TRUE(sealed().starts_with("error: encryptedDEKSource with keyID hash \"sha256:")) << sealed();
  EXPECT_EQ(opened(kept), "value");
  plugin_.healthz = "tired";
  ASSERT_EQ(open(Reload::WhenChanged), "");
  ASSERT_EQ(encryption_->health()[0].name, "kms-providers");
  ASSERT_TRUE(encryption_->health()[0].trouble);
  EXPECT_EQ(encryption_->health()[0].trouble->message(),
            "kmsv2 Provider plugin is not healthy, error: got unexpected healthz status: tired");
  EXPECT_TRUE(sealed().starts_with("error: ")) << sealed();
}

TEST_F(EncryptionTest, WhatTheServiceCannotDecryptFailsItsReadsUntilItCan) {
  start_plugin();
  write(kms_provider());
  ASSERT_EQ(open(), "");
  std::string folder = folder_ + "/store";
  auto put = [&](store::Store& store) {
    return loop_->run_task(
        store.update(std::string(kKey), [](const store::Entry*) { return store::Change::put(Bytes("value")); }));
  };
  {
    auto store =
        store::open_lmdb({.directory = folder, .indexer = nullptr, .sealer = encryption_, .map_bytes_max = kMapBytes});
    ASSERT_TRUE(store);
    ASSERT_TRUE(put(**store));
  }
  run([&] { plugin_.stop(); });
  ASSERT_EQ(open(), "");
  auto store =
      store::open_lmdb({.directory = folder, .indexer = nullptr, .sealer = encryption_, .map_bytes_max = kMapBytes});
  ASSERT_TRUE(store) << store.error().message();
  auto failed = loop_->run_task((*store)->get(std::string(kKey)));
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().message().starts_with("failed to decrypt DEK, error: ")) << failed.error().message();
  start_plugin();
  clock_.advance_ns(4'000'000'000);  // as long as a failure is remembered
  auto read = loop_->run_task((*store)->get(std::string(kKey)));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ((*read)->value.view(), "value");
  run([&] { (*store)->close(); });
}

}  // namespace
}  // namespace apiserver::encryption
