#include "apiserver/admission/node_restriction/node_labels.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

TEST(NodeLabels, AKubeletSetsItsOwnAndThoseOfNobody) {
  for (const char* label : {"mine", "example.com/rack", "kubernetes.io/hostname", "topology.kubernetes.io/zone",
                            "node.kubernetes.io/anything", "a.kubelet.kubernetes.io/x"}) {
    EXPECT_FALSE(is_forbidden_to_kubelets(label)) << label;
  }
  for (const char* label :
       {"kubernetes.io/role", "node-role.kubernetes.io/control-plane", "node-restriction.kubernetes.io/x",
        "a.node-restriction.kubernetes.io/x", "k8s.io/x", "x.k8s.io/y"}) {
    EXPECT_TRUE(is_forbidden_to_kubelets(label)) << label;
  }
}

TEST(NodeLabels, WhatStaysAsItWasIsNoChange) {
  NodeLabels before = {{"kubernetes.io/role", "a"}, {"k8s.io/gone", "1"}, {"mine", "1"}};
  EXPECT_EQ(forbidden_labels({{"kubernetes.io/role", "a"}, {"k8s.io/new", "1"}, {"mine", "2"}}, before),
            (std::vector<std::string>{"k8s.io/gone", "k8s.io/new"}));
}

}  // namespace
}  // namespace apiserver
