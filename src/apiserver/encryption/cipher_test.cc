// The layouts are upstream's, so each is checked against what other implementations of the ciphers have written.
#include "apiserver/encryption/cipher.h"

#include <gtest/gtest.h>

#include "apiserver/encryption/encrypted_object.h"

namespace apiserver::encryption {
namespace {

std::string from_hex(std::string_view hex) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

std::string counting(size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(i);
  return bytes;
}

constexpr std::string_view kPath = "/registry/secrets/default/a";
constexpr std::string_view kText = "plain text of the value";

TEST(Cipher, OpensWhatOpenSslWroteWithCbc) {
  std::string sealed =
      from_hex("000102030405060708090a0b0c0d0e0f94bde0c6cd590e8c63c26c8f0d294cf930b1730f8360154b75f299452844312c");
  EXPECT_EQ(cbc_open(counting(32), sealed).value_or("?"), kText);
}

TEST(Cipher, OpensWhatOthersWroteWithGcm) {
  std::string sealed = from_hex(
      "000102030405060708090a0b376eb772abc5b67ef535b7e4d7c90c05e6f6f1559c0e3ab01a913f3c70b27f6566258a8e501397");
  EXPECT_EQ(gcm_open(counting(32), sealed, kPath).value_or("?"), kText);
}

TEST(Cipher, OpensWhatOthersWroteWithADerivedKey) {
  std::string sealed = from_hex(
      "32333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f5051000102030405060708090a0b49edac64d31e34ac5a6d7f8a"
      "895d9d07d49d297ca89ba153c3f62bb84676d7101dd8ebd59a335d");
  EXPECT_EQ(derived_gcm_open(counting(32), sealed, kPath).value_or("?"), kText);
}

TEST(Cipher, OpensWhatLibsodiumWrote) {
  std::string sealed = from_hex(
      "6465666768696a6b6c6d6e6f707172737475767778797a7beaf2ad57c5ce7cc4cd6e51ce90698313799bf2a054d2ecd392ae46f745e1d73a"
      "12885cc690c76921dd2e32f579f8bee7da0bd6226d54a9b29f757a34305a9a5cacd9e92964e5540a6485146cb3d0f72635e92138af6525f2"
      "cfd62d8127a1dfca33f4bf6b939b3369e6c1e41e49858c8493acb12983ba4dfa3e5902f6");
  EXPECT_EQ(
      secretbox_open(counting(32), sealed).value_or("?"),
      R"({"kind":"Secret","data":{"password":"c2VjcmV0IG9mIG1vcmUgdGhhbiBvbmUgYmxvY2sgb2Ygc2l4dHktZm91ciBieXRlcw=="}})");
}

TEST(Cipher, OpensItsOwnAndNeverTwiceTheSame) {
  for (size_t key_size : {16, 24, 32}) {
    std::string key = counting(key_size);
    EXPECT_EQ(cbc_open(key, cbc_seal(key, kText)).value_or("?"), kText);
    EXPECT_EQ(gcm_open(key, gcm_seal(key, kText, kPath), kPath).value_or("?"), kText);
    EXPECT_NE(gcm_seal(key, kText, kPath), gcm_seal(key, kText, kPath));
  }
  std::string key = counting(32);
  for (size_t size : {0, 1, 31, 32, 33, 64, 1000}) {
    std::string value(size, 'x');
    EXPECT_EQ(secretbox_open(key, secretbox_seal(key, value)).value_or("?"), value);
    EXPECT_EQ(derived_gcm_open(key, derived_gcm_seal(key, value, kPath), kPath).value_or("?"), value);
  }
}

TEST(Cipher, WhatWasChangedOrMovedIsNotOpened) {
  std::string key = counting(32);
  EXPECT_FALSE(gcm_open(key, gcm_seal(key, kText, kPath), "/registry/secrets/default/b"));
  EXPECT_FALSE(derived_gcm_open(key, derived_gcm_seal(key, kText, kPath), "/registry/secrets/default/b"));
  for (auto seal :
       {+[](std::string_view key, std::string_view value) { return gcm_seal(key, value, kPath); }, secretbox_seal}) {
    std::string sealed = seal(key, kText);
    auto open = [&](std::string_view text) {
      return seal == secretbox_seal ? secretbox_open(key, text) : gcm_open(key, text, kPath);
    };
    ASSERT_TRUE(open(sealed));
    for (size_t i = 0; i < sealed.size(); ++i) {
      std::string changed = sealed;
      changed[i] ^= 1;
      EXPECT_FALSE(open(changed)) << i;
      EXPECT_FALSE(open(sealed.substr(0, i))) << i;
    }
  }
  EXPECT_FALSE(cbc_open(key, "short"));
  EXPECT_FALSE(cbc_open(key, cbc_seal(key, kText) + "x"));
}

TEST(EncryptedObject, ComesBackAsItWas) {
  EncryptedObject object{.data = "data",
                         .key_id = "key",
                         .encrypted_source = "source",
                         .annotations = {{"a.example.com", "1"}, {"b.example.com", "2"}}};
  auto read = EncryptedObject::from_protobuf(object.to_protobuf());
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->data, "data");
  EXPECT_EQ(read->key_id, "key");
  EXPECT_EQ(read->encrypted_source, "source");
  EXPECT_EQ(read->annotations, object.annotations);
  EXPECT_EQ(read->source_type, SourceType::Seed);
}

TEST(EncryptedObject, BrokenOnesAreRefused) {
  EXPECT_FALSE(EncryptedObject::from_protobuf("\xff\xff"));
  EXPECT_FALSE(EncryptedObject::from_protobuf(""));
  EncryptedObject object{.data = "data", .key_id = std::string(1025, 'k'), .encrypted_source = "source"};
  EXPECT_FALSE(EncryptedObject::from_protobuf(object.to_protobuf()));
}

}  // namespace
}  // namespace apiserver::encryption
