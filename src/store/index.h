// The objects by key: an ordered map whose copies are free and stay as they are, so a reader keeps an old state while
// a writer makes the next one. Copies share all nodes but those on the way to a changed key.
//
// A weight-balanced tree: find, insert, erase and rank take O(log n); 48 bytes per entry beside the entry itself.
// One Index object is not thread-safe; copies of it on different threads are independent.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"

namespace store {

class Index {
 public:
  Index() = default;
  // From entries sorted by key, each key once; O(n).
  explicit Index(const std::vector<EntryRef>& sorted);

  size_t size() const;
  // The entry of `key`, or null. The reference is good as long as this index is.
  const EntryRef& find(std::string_view key) const;
  // Adds or replaces the entry of `entry->key`.
  void insert(EntryRef entry);
  // Nothing if there is none.
  void erase(std::string_view key);

  // How many keys sort before `key`.
  size_t rank(std::string_view key) const;
  // Appends the entries at places [first, last) of the order to `out`.
  void collect(size_t first, size_t last, std::vector<EntryRef>& out) const;

 private:
  struct Node;
  // An owning reference, counted inside the node.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* adopted) : node_(adopted) {}
    Ref(const Ref& other);
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Ref();
    const Node* operator->() const { return node_; }
    const Node* get() const { return node_; }
    explicit operator bool() const { return node_ != nullptr; }

   private:
    Node* node_ = nullptr;
  };
  struct Node {
    std::atomic<uint32_t> references{1};
    uint32_t size;  // of the subtree
    Ref left;
    Ref right;
    EntryRef entry;
  };

  static size_t size_of(const Ref& node) { return node ? node->size : 0; }
  static Ref make(EntryRef entry, Ref left, Ref right);
  static Ref balance(EntryRef entry, Ref left, Ref right);
  static Ref inserted(const Ref& node, EntryRef& entry);
  static Ref erased(const Ref& node, std::string_view key);
  static Ref without_first(const Ref& node, EntryRef& first);
  static Ref joined(const Ref& left, const Ref& right);
  static Ref built(const std::vector<EntryRef>& sorted, size_t first, size_t last);
  static void collect(const Node* node, size_t first, size_t last, std::vector<EntryRef>& out);

  Ref root_;
};

// The first key behind all keys that start with `prefix`; empty: there is none (the prefix is empty or all 0xff).
std::string prefix_end(std::string_view prefix);

}  // namespace store
