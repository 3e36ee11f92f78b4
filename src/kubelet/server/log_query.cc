#include "kubelet/server/log_query.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "io/loop.h"
#include "io/process.h"
#include "kubelet/server/node_log.h"

namespace kubelet {
namespace {

constexpr size_t kServicesMax = 4;
constexpr size_t kServiceLengthMax = 256;
constexpr int64_t kTailLinesMax = 100'000;
constexpr auto kTimeMax = std::chrono::seconds(30);
constexpr uint64_t kPartBytes = 1 << 18;

// Everything that is wrong, as API errors say it.
class Complaints {
 public:
  void add(std::string_view field, std::string_view kind, std::string_view value, std::string_view why) {
    words_.push_back(base::cat({field, ": ", kind, value.empty() ? "" : ": ", value, ": ", why}));
  }
  base::Result<void> result(base::Code code) const {
    if (words_.empty()) return {};
    if (words_.size() == 1) return base::fail(code, words_.front());
    return base::fail(code, "[" + base::join(words_, ", ") + "]");
  }

 private:
  std::vector<std::string> words_;
};

std::string list(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const auto& word : words) quoted.push_back(base::quote(word));
  return "[" + base::join(quoted, ",") + "]";
}

std::optional<base::Time> take_time(const Parameters& parameters, std::string_view name, Complaints& complaints) {
  auto text = parameters.get(name);
  if (text.empty()) return std::nullopt;
  auto time = base::parse_rfc3339(text);
  if (time) return *time;
  complaints.add(name, "Invalid value", base::quote(text), "invalid time format");
  return std::nullopt;
}

std::optional<int64_t> take_number(const Parameters& parameters, std::string_view name, Complaints& complaints) {
  auto text = parameters.get(name);
  if (text.empty()) return std::nullopt;
  auto value = base::parse_int(text);
  if (!value) complaints.add(name, "Invalid value", base::quote(text), "invalid syntax");
  return value ? std::optional(*value) : std::nullopt;
}

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '@';
}

// "2026-11-23 22:51:04": what journalctl reads, in UTC.
std::string journal_time(base::Time time) {
  auto text = base::format_rfc3339(time.truncated_to_seconds());
  std::ranges::replace(text, 'T', ' ');
  return text.substr(0, text.size() - 1);
}

io::Task<bool> send_file(std::string path, io::ResponseWriter& writer) {
  struct stat about{};
  if (stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) co_return false;
  auto bytes = static_cast<uint64_t>(about.st_size);
  for (uint64_t sent = 0; sent < bytes;) {
    auto part = read_part(path, sent, std::min(bytes - sent, kPartBytes));
    if (!part || part->empty()) break;
    sent += part->size();
    if (auto written = co_await writer.write(base::Bytes(std::move(*part))); !written) break;
  }
  co_return true;
}

// What the command prints, as it comes.
io::Task<void> send_output(std::vector<std::string> command, io::ResponseWriter& writer) {
  auto process = io::Process::spawn({.argv = std::move(command),
                                     .environment = {},
                                     .directory = {},
                                     .input = {},
                                     .output = io::ChildEnd::pipe(),
                                     .error = {}});
  if (!process) {
    (void)co_await writer.write(base::Bytes("\nerror: journal output not available\n"));
    co_return;
  }
  auto output = (*process)->take_output();
  for (;;) {
    auto piece = co_await output->read();
    if (!piece || piece->empty()) break;
    if (auto written = co_await writer.write(base::Bytes(std::move(*piece))); !written) break;
  }
}

io::Task<void> send_services(LogQuery query, std::string root, io::ResponseWriter& writer) {
  // The journal answers for what it does not know, too: with nothing.
  auto known = co_await io::run_command(
      {.argv = {"journalctl", "--field", "_SYSTEMD_UNIT"}, .environment = {}, .directory = {}, .input = {}});
  std::vector<std::string> in_journal, in_files;
  for (const auto& service : query.services) {
    bool there = known && known->status.ok() && known->output.contains(service + ".service");
    (there ? in_journal : in_files).push_back(service);
  }
  if (!in_journal.empty()) co_await send_output(journal_command(query, in_journal), writer);
  if (in_files.empty()) co_return;
  if (query.has_options()) {
    (void)co_await writer.write(
        base::Bytes(base::cat({"\noptions present and query resolved to log files for [", base::join(in_files, " "),
                               "]\ntry without specifying options\n"})));
    co_return;
  }
  for (const auto& service : in_files) {
    bool sent = false;
    for (const auto& name : {service, service + ".log", base::cat({service, "/", service, ".log"})})
      sent = sent || co_await send_file(base::cat({root, "/", name}), writer);
    if (!sent) (void)co_await writer.write(base::Bytes(base::cat({"\nlog not found for ", service, "\n"})));
  }
}

}  // namespace

base::Result<std::optional<LogQuery>> parse_log_query(const Parameters& parameters) {
  LogQuery out;
  Complaints complaints;
  auto asked = parameters.all("query");
  for (auto& one : asked) {
    if (one.find_first_of("/\\") != std::string::npos) {
      out.files.push_back(one);
    } else if (!base::trim(one).empty()) {
      out.services.push_back(one);
    }
  }
  bool names = !out.files.empty() || !out.services.empty();
  if (!asked.empty() && !names) complaints.add("query", "Invalid value", list(asked), "query cannot be empty");
  out.since = take_time(parameters, "sinceTime", complaints);
  out.until = take_time(parameters, "untilTime", complaints);
  out.boot = take_number(parameters, "boot", complaints);
  out.tail_lines = take_number(parameters, "tailLines", complaints);
  out.pattern = parameters.get("pattern");
  TRY(complaints.result(base::Code::BadRequest));
  if (!names && !out.has_options()) return std::optional<LogQuery>();
  return std::optional(std::move(out));
}

base::Result<void> check_log_query(const LogQuery& query, const std::string& root) {
  Complaints complaints;
  auto wrong = [&](std::string_view field, std::string_view value, std::string_view why) {
    complaints.add(field, "Invalid value", value, why);
  };
  for (const auto& service : query.services) {
    if (service.size() > kServiceLengthMax) {
      wrong("query", base::quote(service), "length must be at most 256");
    } else if (!std::ranges::all_of(service, is_safe)) {
      wrong("query", base::quote(service), "input contains unsupported characters");
    }
  }
  if (query.services.size() > kServicesMax)
    complaints.add("query", "Too many", std::to_string(query.services.size()), "must have at most 4 items");
  const auto& files = query.files;
  if (files.empty() && query.services.empty()) {
    complaints.add("query", "Required value", "", "cannot be empty with options");
  } else if (!files.empty() && !query.services.empty()) {
    wrong("query", list(files), "cannot specify a file and service");
  } else if (files.size() > 1) {
    wrong("query", list(files), "cannot specify more than one file");
  } else if (files.size() == 1 && query.has_options()) {
    wrong("query", list(files), "cannot specify file with options");
  } else if (files.size() == 1 && !read_node_log(root, base::cat({"/logs/", files.front()}))) {
    wrong("query", list(files), "no such file or directory");
  }
  if (query.since && query.until && query.since->to_ns() > query.until->to_ns())
    wrong("untilTime", base::quote(base::format_rfc3339(*query.until)), "must be after `sinceTime`");
  if (query.boot && *query.boot > 0) wrong("boot", std::to_string(*query.boot), "must be less than 1");
  if (query.tail_lines && (*query.tail_lines < 0 || *query.tail_lines > kTailLinesMax))
    wrong("tailLines", std::to_string(*query.tail_lines), "must be between 0 and 100000, inclusive");
  return complaints.result(base::Code::Invalid);
}

std::vector<std::string> journal_command(const LogQuery& query, const std::vector<std::string>& services) {
  std::vector<std::string> out = {"journalctl", "--utc", "--no-pager", "--output=short-precise"};
  if (query.since) out.push_back("--since=" + journal_time(*query.since));
  if (query.until) out.push_back("--until=" + journal_time(*query.until));
  if (query.tail_lines) out.push_back("--lines=" + std::to_string(*query.tail_lines));
  for (const auto& service : services) out.push_back("--unit=" + service);
  if (!query.pattern.empty()) out.push_back("--grep=" + query.pattern);
  if (query.boot) out.push_back("--boot=" + std::to_string(*query.boot));
  return out;
}

io::Task<void> serve_log_query(LogQuery query, std::string root, io::ResponseWriter& writer) {
  io::Headers headers;
  headers.add("content-type", "text/plain;charset=UTF-8");
  writer.start(200, std::move(headers));
  co_await io::with_timeout(kTimeMax, send_services(std::move(query), std::move(root), writer));
  writer.finish();
}

}  // namespace kubelet
