// A diff of texts by lines, as Python's difflib makes it: the longest common run first, then what is left and right of
// it. Lines that occur again and again in a long text do not begin a run. Messages hold such diffs, so the choice of
// runs shows.

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "apiserver/registry/validation/go_form.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr size_t kContext = 3;
constexpr size_t kLongText = 200;  // lines from which popular ones are told apart

using Lines = std::vector<std::string_view>;

struct Run {
  size_t a, b, size;
};

struct Edit {
  bool equal;
  size_t a_begin, a_end, b_begin, b_end;
};

class Matcher {
 public:
  Matcher(const Lines& a, const Lines& b) : a_(a), b_(b) {
    for (size_t j = 0; j < b.size(); ++j) where_[b[j]].push_back(j);
    if (b.size() < kLongText) return;
    size_t most = b.size() / 100 + 1;
    std::erase_if(where_, [&](const auto& entry) { return entry.second.size() > most; });
  }

  std::vector<Edit> edits() {
    collect(0, a_.size(), 0, b_.size());
    std::vector<Edit> edits;
    size_t i = 0;
    size_t j = 0;
    auto add = [&](size_t a, size_t b) {
      if (i < a || j < b) edits.push_back({false, i, a, j, b});
    };
    for (const auto& run : runs_) {
      add(run.a, run.b);
      // Runs that touch are one.
      if (!edits.empty() && edits.back().equal && edits.back().a_end == run.a && edits.back().b_end == run.b) {
        edits.back().a_end += run.size;
        edits.back().b_end += run.size;
      } else {
        edits.push_back({true, run.a, run.a + run.size, run.b, run.b + run.size});
      }
      i = run.a + run.size;
      j = run.b + run.size;
    }
    add(a_.size(), b_.size());
    return edits;
  }

 private:
  void collect(size_t a_low, size_t a_high, size_t b_low, size_t b_high) {
    Run run = longest(a_low, a_high, b_low, b_high);
    if (run.size == 0) return;
    if (a_low < run.a && b_low < run.b) collect(a_low, run.a, b_low, run.b);
    runs_.push_back(run);
    if (run.a + run.size < a_high && run.b + run.size < b_high)
      collect(run.a + run.size, a_high, run.b + run.size, b_high);
  }

  Run longest(size_t a_low, size_t a_high, size_t b_low, size_t b_high) const {
    Run best{a_low, b_low, 0};
    std::vector<size_t> lengths(b_.size() + 1, 0);  // of the run that ends before a[i] and at b[j - 1]
    std::vector<size_t> next(b_.size() + 1, 0);
    std::vector<size_t> set;
    for (size_t i = a_low; i < a_high; ++i) {
      std::vector<size_t> now;
      if (auto found = where_.find(a_[i]); found != where_.end()) {
        for (size_t j : found->second) {
          if (j < b_low) continue;
          if (j >= b_high) break;
          size_t size = lengths[j] + 1;
          next[j + 1] = size;
          now.push_back(j + 1);
          if (size > best.size) best = {i + 1 - size, j + 1 - size, size};
        }
      }
      for (size_t j : set) lengths[j] = 0;
      std::swap(lengths, next);
      set = std::move(now);
    }
    while (best.a > a_low && best.b > b_low && a_[best.a - 1] == b_[best.b - 1])
      best = {best.a - 1, best.b - 1, best.size + 1};
    while (best.a + best.size < a_high && best.b + best.size < b_high &&
           a_[best.a + best.size] == b_[best.b + best.size])
      ++best.size;
    return best;
  }

  const Lines& a_;
  const Lines& b_;
  std::unordered_map<std::string_view, std::vector<size_t>> where_;
  std::vector<Run> runs_;
};

std::string range(size_t begin, size_t end) {
  if (end - begin == 1) return std::to_string(begin + 1);
  return base::cat({std::to_string(end == begin ? begin : begin + 1), ",", std::to_string(end - begin)});
}

void append_lines(std::string& out, char mark, const Lines& lines, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    out += mark;
    out += lines[i];
    out += '\n';
  }
}

}  // namespace

std::string unified_diff(const std::string& before, const std::string& after) {
  if (before == after) return "";
  Lines a = base::split(before, '\n');
  Lines b = base::split(after, '\n');
  auto edits = Matcher(a, b).edits();
  std::string out;
  for (size_t i = 0; i < edits.size();) {
    if (edits[i].equal) {
      ++i;
      continue;
    }
    // A hunk: changes with no more than twice the context between them.
    size_t last = i;
    while (last + 2 < edits.size() && edits[last + 1].a_end - edits[last + 1].a_begin <= 2 * kContext) last += 2;
    size_t a_begin = edits[i].a_begin - std::min(kContext, i > 0 ? edits[i].a_begin - edits[i - 1].a_begin : 0);
    size_t b_begin = edits[i].b_begin - (edits[i].a_begin - a_begin);
    size_t after_last = last + 1 < edits.size() ? edits[last + 1].a_end - edits[last + 1].a_begin : 0;
    size_t a_end = edits[last].a_end + std::min(kContext, after_last);
    size_t b_end = edits[last].b_end + (a_end - edits[last].a_end);
    out += base::cat({"@@ -", range(a_begin, a_end), " +", range(b_begin, b_end), " @@\n"});
    append_lines(out, ' ', a, a_begin, edits[i].a_begin);
    for (size_t k = i; k <= last; ++k) {
      if (edits[k].equal) {
        append_lines(out, ' ', a, edits[k].a_begin, edits[k].a_end);
      } else {
        append_lines(out, '-', a, edits[k].a_begin, edits[k].a_end);
        append_lines(out, '+', b, edits[k].b_begin, edits[k].b_end);
      }
    }
    append_lines(out, ' ', a, edits[last].a_end, a_end);
    i = last + 1;
  }
  return out;
}

}  // namespace apiserver
