#include "kubelet/pods/env_file.h"

#include <algorithm>

#include "base/strings.h"
#include "kubelet/volume/mount.h"

namespace kubelet {
namespace {

constexpr size_t kFileMax = 64 * 1024;
constexpr std::string_view kSpace = " \t\r";

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '=' && c != '\''; });
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  base::Result<EnvFile> run() {
    EnvFile out;
    while (at_ < text_.size()) {
      skip_space();
      if (at_ == text_.size() || text_[at_] == '\n') {
        next_line();
      } else if (text_[at_] == '#') {
        skip_line();
      } else {
        TRY(read_variable(out));
      }
    }
    return out;
  }

 private:
  base::Result<void> read_variable(EnvFile& out) {
    size_t sign = text_.find_first_of("=\n", at_);
    if (sign == text_.npos || text_[sign] == '\n') return wrong("there is no '='");
    std::string_view name = text_.substr(at_, sign - at_);
    name = name.substr(0, name.find_last_not_of(kSpace) + 1);
    if (!is_name(name)) return wrong("the name is not valid");
    at_ = sign + 1;
    skip_space();
    if (at_ == text_.size() || text_[at_] != '\'') return wrong("the value must be in single quotes");
    size_t end = text_.find('\'', at_ + 1);
    if (end == text_.npos) return wrong("the value's closing quote is missing");
    std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    line_ += std::ranges::count(value, '\n');
    out.insert_or_assign(std::string(name), std::string(value));
    at_ = end + 1;
    skip_space();
    if (at_ < text_.size() && text_[at_] == '#') {
      skip_line();
    } else if (at_ < text_.size() && text_[at_] != '\n') {
      return wrong("something follows the value");
    } else {
      next_line();
    }
    return {};
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }
  void skip_line() {
    at_ = std::min(text_.find('\n', at_), text_.size());
    next_line();
  }
  void next_line() {
    ++at_;
    ++line_;
  }
  base::Result<void> wrong(std::string_view why) const {
    return base::fail(base::Code::Invalid, base::cat({"line ", std::to_string(line_), ": ", why}));
  }

  std::string_view text_;
  size_t at_ = 0;
  long line_ = 1;
};

}  // namespace

base::Result<EnvFile> parse_env_file(std::string_view text) {
  return Reader(text).run();
}

base::Result<EnvFiles> read_env_files(const core::Container& container,
                                      const std::map<std::string, std::string, std::less<>>& volumes) {
  EnvFiles out;
  for (const auto& variable : container.env) {
    if (!variable.value_from || !variable.value_from->file_key_ref) continue;
    const auto& ref = *variable.value_from->file_key_ref;
    auto volume = volumes.find(ref.volume_name);
    if (volume == volumes.end() || out.contains({ref.volume_name, ref.path})) continue;
    auto text = read_file_beneath(volume->second, ref.path, kFileMax);
    if (!text && text.error().code() == base::Code::NotFound) continue;
    auto file = text ? parse_env_file(*text) : base::Result<EnvFile>(base::fail(text.error()));
    if (!file) {
      return base::fail(base::Code::Invalid, base::cat({"couldn't parse env file ", ref.path, " of volume ",
                                                        ref.volume_name, ": ", file.error().message()}));
    }
    out[{ref.volume_name, ref.path}] = std::move(*file);
  }
  return out;
}

}  // namespace kubelet
