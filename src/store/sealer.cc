#include "store/sealer.h"

namespace store {
namespace {

class NoSealer final : public Sealer {
 public:
  bool is_plain(std::string_view, std::string_view kept) const override { return !kept.starts_with(kSealedPrefix); }
  base::Result<Form> seal(std::string_view, const base::Bytes& value) const override { return Form{value, nullptr}; }
  io::Task<base::Result<Form>> open(std::string, base::Bytes) const override {
    co_return base::fail(base::Code::Internal, "identity transformer tried to read encrypted data");
  }
  bool is_current(std::string_view, const SealRef& seal) const override { return seal == nullptr; }
};

}  // namespace

std::shared_ptr<const Sealer> no_sealer() {
  static const auto sealer = std::make_shared<const NoSealer>();
  return sealer;
}

}  // namespace store
