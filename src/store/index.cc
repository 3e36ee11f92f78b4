#include "store/index.h"

namespace store {

namespace {

// Balance of Hirai and Yamamoto ("Balancing weight-balanced trees", 2011): one side is at most three times the other;
// a double rotation when the inner grandchild is at least twice the outer.
constexpr size_t kWeightRatio = 3;
constexpr size_t kSingleRotation = 2;

const EntryRef kNoEntry;

}  // namespace

Index::Ref::Ref(const Ref& other) : node_(other.node_) {
  if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
}

Index::Ref::~Ref() {
  if (node_ != nullptr && node_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node_;
}

Index::Index(const std::vector<EntryRef>& sorted) : root_(built(sorted, 0, sorted.size())) {}

Index::Ref Index::built(const std::vector<EntryRef>& sorted, size_t first, size_t last) {
  if (first == last) return {};
  size_t middle = first + (last - first) / 2;
  return make(sorted[middle], built(sorted, first, middle), built(sorted, middle + 1, last));
}

Index::Ref Index::make(EntryRef entry, Ref left, Ref right) {
  auto size = static_cast<uint32_t>(size_of(left) + size_of(right) + 1);
  return Ref(new Node{.size = size, .left = std::move(left), .right = std::move(right), .entry = std::move(entry)});
}

Index::Ref Index::balance(EntryRef entry, Ref left, Ref right) {
  size_t left_size = size_of(left);
  size_t right_size = size_of(right);
  if (left_size + right_size > 1 && right_size > kWeightRatio * left_size) {
    const Ref& inner = right->left;
    if (size_of(inner) < kSingleRotation * size_of(right->right)) {
      return make(right->entry, make(std::move(entry), std::move(left), inner), right->right);
    }
    return make(inner->entry, make(std::move(entry), std::move(left), inner->left),
                make(right->entry, inner->right, right->right));
  }
  if (left_size + right_size > 1 && left_size > kWeightRatio * right_size) {
    const Ref& inner = left->right;
    if (size_of(inner) < kSingleRotation * size_of(left->left)) {
      return make(left->entry, left->left, make(std::move(entry), inner, std::move(right)));
    }
    return make(inner->entry, make(left->entry, left->left, inner->left),
                make(std::move(entry), inner->right, std::move(right)));
  }
  return make(std::move(entry), std::move(left), std::move(right));
}

Index::Ref Index::inserted(const Ref& node, EntryRef& entry) {
  if (!node) return make(std::move(entry), {}, {});
  int order = entry->key.compare(node->entry->key);
  if (order < 0) return balance(node->entry, inserted(node->left, entry), node->right);
  if (order > 0) return balance(node->entry, node->left, inserted(node->right, entry));
  return make(std::move(entry), node->left, node->right);
}

Index::Ref Index::without_first(const Ref& node, EntryRef& first) {
  if (!node->left) {
    first = node->entry;
    return node->right;
  }
  return balance(node->entry, without_first(node->left, first), node->right);
}

Index::Ref Index::joined(const Ref& left, const Ref& right) {
  if (!left) return right;
  if (!right) return left;
  EntryRef first;
  Ref rest = without_first(right, first);
  return balance(std::move(first), left, std::move(rest));
}

Index::Ref Index::erased(const Ref& node, std::string_view key) {
  if (!node) return {};
  int order = key.compare(node->entry->key);
  if (order < 0) return balance(node->entry, erased(node->left, key), node->right);
  if (order > 0) return balance(node->entry, node->left, erased(node->right, key));
  return joined(node->left, node->right);
}

size_t Index::size() const {
  return size_of(root_);
}

const EntryRef& Index::find(std::string_view key) const {
  const Node* node = root_.get();
  while (node != nullptr) {
    int order = key.compare(node->entry->key);
    if (order == 0) return node->entry;
    node = order < 0 ? node->left.get() : node->right.get();
  }
  return kNoEntry;
}

void Index::insert(EntryRef entry) {
  root_ = inserted(root_, entry);
}

void Index::erase(std::string_view key) {
  if (find(key)) root_ = erased(root_, key);
}

size_t Index::rank(std::string_view key) const {
  size_t before = 0;
  const Node* node = root_.get();
  while (node != nullptr) {
    if (key.compare(node->entry->key) <= 0) {
      node = node->left.get();
    } else {
      before += size_of(node->left) + 1;
      node = node->right.get();
    }
  }
  return before;
}

void Index::collect(size_t first, size_t last, std::vector<EntryRef>& out) const {
  if (first < last) collect(root_.get(), first, last, out);
}

// Places are relative to the subtree; `last` may lie behind it.
void Index::collect(const Node* node, size_t first, size_t last, std::vector<EntryRef>& out) {
  if (node == nullptr) return;
  size_t place = size_of(node->left);
  if (first < place) collect(node->left.get(), first, last, out);
  if (first <= place && place < last) out.push_back(node->entry);
  if (last > place + 1) collect(node->right.get(), first > place ? first - place - 1 : 0, last - place - 1, out);
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace store
