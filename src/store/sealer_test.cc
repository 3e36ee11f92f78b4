// What every store that outlives its process promises of sealed values.
#include "store/sealer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/testing_backends.h"

namespace store {
namespace {

using base::Bytes;
using base::Code;

constexpr std::string_view kSecrets = "/registry/secrets/";

// Seals secrets by turning them round, with the name of a key before them.
class Turner final : public Sealer {
 public:
  explicit Turner(std::string key) : key_(std::move(key)) {}
  bool is_plain(std::string_view, std::string_view kept) const override { return !kept.starts_with(kSealedPrefix); }
  base::Result<Form> seal(std::string_view key, const Bytes& value) const override {
    if (!key.starts_with(kSecrets)) return Form{value, nullptr};
    if (value.view() == "unsealable") return base::fail(Code::Internal, "no");
    return Form{Bytes("k8s:enc:" + key_ + turned(value.view())), seal_};
  }
  io::Task<base::Result<Form>> open(std::string, Bytes kept) const override {
    std::string prefix = "k8s:enc:" + key_;
    if (!kept.view().starts_with(prefix)) co_return base::fail(Code::Internal, "no matching prefix found");
    co_return Form{Bytes(turned(kept.view().substr(prefix.size()))), seal_};
  }
  bool is_current(std::string_view key, const SealRef& seal) const override {
    return key.starts_with(kSecrets) ? seal && seal->with == key_ : !seal;
  }

 private:
  static std::string turned(std::string_view text) { return std::string(text.rbegin(), text.rend()); }
  const std::string key_;
  const SealRef seal_ = std::make_shared<const Seal>(Seal{.with = key_});
};

Attributes whole_value(std::string_view, std::string_view value) {
  return {.labels = {{"value", value}}, .fields = {}};
}

class Sealing : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    if (auto reason = GetParam()->unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = GetParam()->make_place();
    if (!place_->keeps()) GTEST_SKIP() << "keeps nothing, so nothing is sealed";
    open("one");
  }
  void TearDown() override { shut(); }

  // With the sealer of that key; "": with none.
  void open(const std::string& key) {
    shut();
    auto sealer = key.empty() ? no_sealer() : std::shared_ptr<const Sealer>(std::make_shared<Turner>(key));
    auto opened = loop_->run_task(place_->open(whole_value, {}, std::move(sealer)));
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }
  void shut() {
    if (!store_) return;
    loop_->run_task(shut_on_loop(store_.get()));
    store_.reset();
  }
  static io::Task<void> shut_on_loop(Store* store) {
    store->close();
    co_return;
  }
  base::Result<Updated> put(std::string key, std::string value) {
    return loop_->run_task(store_->update(key, [&](const Entry*) { return Change::put(Bytes(value)); }));
  }
  base::Result<EntryRef> get(std::string key) { return loop_->run_task(store_->get(std::move(key))); }
  std::string value(std::string key) {
    auto entry = get(std::move(key));
    if (!entry) return entry.error().message();
    return *entry ? std::string((*entry)->value.view()) : "nothing";
  }

  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  std::unique_ptr<Place> place_;
  std::unique_ptr<Store> store_;
};

TEST_P(Sealing, ReadersSeeTheValueAndItsAttributesAndTheDiskDoesNot) {
  ASSERT_TRUE(put("/registry/secrets/a", "word"));
  EXPECT_EQ(value("/registry/secrets/a"), "word");
  open("one");
  auto entry = get("/registry/secrets/a");
  ASSERT_TRUE(entry);
  EXPECT_EQ((*entry)->value.view(), "word");
  ASSERT_EQ((*entry)->attributes.labels.size(), 1u);
  EXPECT_EQ((*entry)->attributes.labels.find("value"), "word");
  auto page = loop_->run_task(store_->list("/registry/", {}));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0]->value.view(), "word");
  open("");
  EXPECT_EQ(value("/registry/secrets/a"), "identity transformer tried to read encrypted data");
}

TEST_P(Sealing, OtherKeysAreKeptPlain) {
  ASSERT_TRUE(put("/registry/pods/a", "word"));
  open("");
  EXPECT_EQ(value("/registry/pods/a"), "word");
}

TEST_P(Sealing, AValueThatCannotBeOpenedFailsItsReadsAndNoOther) {
  ASSERT_TRUE(put("/registry/secrets/a", "word"));
  ASSERT_TRUE(put("/registry/pods/a", "pod"));
  open("two");
  EXPECT_EQ(value("/registry/secrets/a"), "no matching prefix found");
  EXPECT_EQ(value("/registry/pods/a"), "pod");
  auto page = loop_->run_task(store_->list("/registry/", {}));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().message(), "unable to transform key \"/registry/secrets/a\": no matching prefix found");
  EXPECT_TRUE(loop_->run_task(store_->list("/registry/pods/", {})));
  EXPECT_FALSE(put("/registry/secrets/a", "other"));
  open("one");
  EXPECT_EQ(value("/registry/secrets/a"), "word");
}

TEST_P(Sealing, AValueThatCannotBeSealedIsNotWritten) {
  EXPECT_FALSE(put("/registry/secrets/a", "unsealable"));
  EXPECT_EQ(value("/registry/secrets/a"), "nothing");
  EXPECT_TRUE(put("/registry/secrets/a", "word"));
  EXPECT_FALSE(put("/registry/secrets/a", "unsealable"));
  EXPECT_EQ(value("/registry/secrets/a"), "word");
}

TEST_P(Sealing, WhatIsKeptInAnotherFormIsNotCurrent) {
  ASSERT_TRUE(put("/registry/pods/a", "pod"));
  ASSERT_TRUE(put("/registry/secrets/a", "word"));
  EXPECT_TRUE(store_->is_current(**get("/registry/pods/a")));
  EXPECT_TRUE(store_->is_current(**get("/registry/secrets/a")));
  open("");
  ASSERT_TRUE(put("/registry/secrets/b", "word"));
  EXPECT_TRUE(store_->is_current(**get("/registry/secrets/b")));
  open("one");
  EXPECT_FALSE(store_->is_current(**get("/registry/secrets/b")));
  ASSERT_TRUE(put("/registry/secrets/b", "word"));
  EXPECT_TRUE(store_->is_current(**get("/registry/secrets/b")));
}

TEST_P(Sealing, WatchesSeeTheValueBeforeAndAfter) {
  ASSERT_TRUE(put("/registry/secrets/a", "word"));
  open("one");
  struct Seen {
    static io::Task<base::Result<std::vector<EventRef>>> next(Store* store, Revision from) {
      CO_TRY(auto watch, store->watch("/registry/secrets/", from));
      CO_TRY(co_await store->update("/registry/secrets/a", [](const Entry*) { return Change::put(Bytes("more")); }));
      co_return co_await watch->next();
    }
  };
  auto events = loop_->run_task(Seen::next(store_.get(), store_->revision()));
  ASSERT_TRUE(events) << events.error().message();
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0]->entry->value.view(), "more");
  ASSERT_TRUE((*events)[0]->previous);
  EXPECT_EQ((*events)[0]->previous->value.view(), "word");
}

INSTANTIATE_TEST_SUITE_P(Stores, Sealing, testing::ValuesIn(backends()),
                         [](const auto& info) { return std::string(info.param->name()); });

}  // namespace
}  // namespace store
