#include "client/kubeconfig.h"

#include <gtest/gtest.h>

namespace client {
namespace {

using base::Code;

constexpr std::string_view kText = R"(apiVersion: v1
kind: Config
current-context: main
clusters:
- name: here
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority: pki/ca.crt
- name: there
  cluster: {server: "http://localhost:8080", insecure-skip-tls-verify: true}
users:
- name: admin
  user:
    client-certificate-data: Y2VydA==
    client-key: /abs/key
- name: robot
  user: {token: abc, tokenFile: token}
- name: plugin
  user: {exec: {command: aws}}
contexts:
- name: main
  context: {cluster: here, user: admin, namespace: dev}
- name: other
  context: {cluster: there, user: robot}
- name: exec
  context: {cluster: here, user: plugin}
- name: lost
  context: {cluster: nowhere, user: admin}
)";

TEST(Kubeconfig, CurrentContextNamesServerAndUser) {
  auto access = parse_kubeconfig(kText, "/etc/k");
  ASSERT_TRUE(access) << access.error().message();
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->ca_file, "/etc/k/pki/ca.crt");
  EXPECT_EQ(access->certificate_data, "cert");
  EXPECT_EQ(access->key_file, "/abs/key");
  EXPECT_EQ(access->namespace_, "dev");
}

TEST(Kubeconfig, AnotherContextMayBeChosen) {
  auto access = parse_kubeconfig(kText, "", "other");
  ASSERT_TRUE(access);
  EXPECT_TRUE(access->insecure);
  EXPECT_EQ(access->token, "abc");
  EXPECT_EQ(access->token_file, "token");
}

TEST(Kubeconfig, WhatLeadsNowhereIsRefused) {
  EXPECT_EQ(parse_kubeconfig(kText, "", "none").error().code(), Code::Invalid);
  EXPECT_EQ(parse_kubeconfig(kText, "", "lost").error().code(), Code::Invalid);
  EXPECT_EQ(parse_kubeconfig(kText, "", "exec").error().code(), Code::Invalid);
  EXPECT_EQ(parse_kubeconfig("[]", "").error().code(), Code::BadRequest);
}

TEST(Kubeconfig, WhatIsWrittenReadsBack) {
  Access access;
  access.server = "https://x:1";
  access.ca_data = "ca\n";
  access.certificate_data = "cert";
  access.key_data = "key";
  auto read = parse_kubeconfig(write_kubeconfig(access, "c", "u"), "");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->server, access.server);
  EXPECT_EQ(read->ca_data, access.ca_data);
  EXPECT_EQ(read->certificate_data, access.certificate_data);
  EXPECT_EQ(read->key_data, access.key_data);
}

}  // namespace
}  // namespace client
