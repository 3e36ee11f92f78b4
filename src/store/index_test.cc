#include "store/index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace store {
namespace {

EntryRef entry(std::string key, Revision revision = 1) {
  auto made = std::make_shared<Entry>();
  made->key = std::move(key);
  made->revision = revision;
  return made;
}

std::vector<std::string> keys(const Index& index) {
  std::vector<EntryRef> entries;
  index.collect(0, index.size(), entries);
  std::vector<std::string> out;
  for (auto& entry : entries) out.push_back(entry->key);
  return out;
}

TEST(Index, AgreesWithAnOrderedMapUnderRandomChanges) {
  std::mt19937_64 random(7);
  std::map<std::string, Revision> expected;
  Index index;
  for (Revision revision = 1; revision <= 20'000; ++revision) {
    std::string key = std::to_string(random() % 500);
    if (random() % 3 == 0) {
      index.erase(key);
      expected.erase(key);
    } else {
      index.insert(entry(key, revision));
      expected[key] = revision;
    }
    std::string probe = std::to_string(random() % 500);
    auto found = expected.find(probe);
    const EntryRef& got = index.find(probe);
    ASSERT_EQ(got != nullptr, found != expected.end());
    if (got) ASSERT_EQ(got->revision, found->second);
    ASSERT_EQ(index.size(), expected.size());
    ASSERT_EQ(index.rank(probe), std::distance(expected.begin(), expected.lower_bound(probe)));
  }
  std::vector<std::string> in_order;
  for (auto& [key, revision] : expected) in_order.push_back(key);
  EXPECT_EQ(keys(index), in_order);
}

TEST(Index, ACopyStaysAsItWas) {
  Index index;
  for (int i = 0; i < 100; ++i) index.insert(entry(std::to_string(i), 1));
  Index before = index;
  auto keys_before = keys(before);
  for (int i = 0; i < 100; i += 2) index.erase(std::to_string(i));
  for (int i = 1; i < 100; i += 2) index.insert(entry(std::to_string(i), 2));
  EXPECT_EQ(keys(before), keys_before);
  EXPECT_EQ(before.find("51")->revision, 1u);
  EXPECT_EQ(index.find("51")->revision, 2u);
  EXPECT_EQ(index.find("50"), nullptr);
  EXPECT_EQ(index.size(), 50u);
}

TEST(Index, BuiltFromSortedEntriesEqualsOneGrown) {
  std::vector<EntryRef> sorted;
  for (int i = 100; i < 999; ++i) sorted.push_back(entry(std::to_string(i)));
  Index built(sorted);
  EXPECT_EQ(keys(built).size(), sorted.size());
  built.insert(entry("0"));
  built.erase("500");
  EXPECT_EQ(built.rank("501"), 401u);
}

TEST(Index, CollectTakesPlacesOfTheOrder) {
  Index index;
  for (int i = 10; i < 90; ++i) index.insert(entry(std::to_string(i)));
  for (size_t first = 0; first < 80; first += 7) {
    for (size_t last = first; last <= 80; last += 5) {
      std::vector<EntryRef> entries;
      index.collect(first, last, entries);
      ASSERT_EQ(entries.size(), last - first);
      for (size_t i = 0; i < entries.size(); ++i) ASSERT_EQ(entries[i]->key, std::to_string(10 + first + i));
    }
  }
}

TEST(PrefixEnd, IsTheFirstKeyBehindThePrefix) {
  EXPECT_EQ(prefix_end("/registry/"), "/registry0");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("\xff"), "");
  EXPECT_EQ(prefix_end(""), "");
}

}  // namespace
}  // namespace store
