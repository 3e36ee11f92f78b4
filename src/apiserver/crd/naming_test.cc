#include "apiserver/crd/naming.h"

#include <gtest/gtest.h>

namespace apiserver::crd {
namespace {

Definition definition(std::string plural, std::string kind) {
  Definition made;
  made.spec.group = "example.com";
  made.spec.names.plural = std::move(plural);
  made.spec.names.kind = kind;
  made.spec.names.list_kind = kind + "List";
  return made;
}

TEST(Naming, WhatNobodyHasIsAcceptedAndEstablished) {
  auto one = definition("widgets", "Widget");
  settle_names(one, {}, base::Time{1, 0});
  EXPECT_EQ(one.status.accepted_names.plural, "widgets");
  EXPECT_TRUE(has_condition(one, "NamesAccepted"));
  EXPECT_TRUE(has_condition(one, "Established"));
}

TEST(Naming, TheLastOfTheNamesThatAreTakenIsTold) {
  auto first = definition("widgets", "Widget");
  settle_names(first, {}, base::Time{1, 0});
  auto second = definition("others", "Widget");
  settle_names(second, {&first}, base::Time{2, 0});
  EXPECT_EQ(second.status.accepted_names.plural, "others");
  EXPECT_EQ(second.status.accepted_names.kind, "");
  const auto* condition = find_condition(second, "NamesAccepted");
  ASSERT_NE(condition, nullptr);
  EXPECT_EQ(condition->reason, "ListKindConflict");
  EXPECT_EQ(condition->message, "\"WidgetList\" is already in use");
  EXPECT_FALSE(has_condition(second, "Established"));
}

TEST(Naming, WhatIsEstablishedStaysSoWhenALaterNameIsTaken) {
  auto first = definition("widgets", "Widget");
  first.spec.names.short_names = {"wd"};
  settle_names(first, {}, base::Time{1, 0});
  auto second = definition("others", "Other");
  settle_names(second, {&first}, base::Time{2, 0});
  second.spec.names.short_names = {"wd"};
  settle_names(second, {&first}, base::Time{3, 0});
  EXPECT_FALSE(has_condition(second, "NamesAccepted"));
  EXPECT_TRUE(has_condition(second, "Established"));
  EXPECT_TRUE(second.status.accepted_names.short_names.empty());
}

}  // namespace
}  // namespace apiserver::crd
