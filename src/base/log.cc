#include "base/log.h"

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <ctime>

namespace base {
namespace {

std::atomic<int> verbosity{0};

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (unsigned char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (c < 0x20 || c == 0x7f) {
          char hex[8];
          snprintf(hex, sizeof hex, "\\x%02x", c);
          out += hex;
        } else {
          out += static_cast<char>(c);
        }
    }
  }
  out += '"';
}

}  // namespace

void set_log_verbosity(int level) {
  verbosity = level;
}
int log_verbosity() {
  return verbosity;
}

void log(Severity severity, std::string_view file, int line, std::string_view message,
         std::initializer_list<LogField> fields) {
  timeval now;
  gettimeofday(&now, nullptr);
  tm parts;
  gmtime_r(&now.tv_sec, &parts);
  char head[96];
  snprintf(head, sizeof head, "%c%02d%02d %02d:%02d:%02d.%06ld %7d %.*s:%d] ", "IWE"[static_cast<int>(severity)],
           parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<long>(now.tv_usec),
           getpid(), static_cast<int>(file.size()), file.data(), line);
  std::string text(head);
  append_quoted(text, message);
  for (const auto& field : fields) {
    text += ' ';
    text += field.key;
    text += '=';
    if (field.quoted) {
      append_quoted(text, field.value);
    } else {
      text += field.value;
    }
  }
  text += '\n';
  // One write per line, so that lines of several threads do not mix. A closed standard error is nobody's failure.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace base
