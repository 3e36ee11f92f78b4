#include "kubelet/server/node_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/server/answer.h"
#include "kubelet/server/log_query.h"

namespace kubelet {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

base::Result<std::string> list(const std::string& folder) {
  TRY(auto names, base::list_directory(folder));
  std::string out = "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n";
  for (auto& name : names) {
    struct stat about{};
    if (stat(base::cat({folder, "/", name}).c_str(), &about) == 0 && S_ISDIR(about.st_mode)) name += '/';
    std::string link = base::url_encode(name);
    if (name.ends_with('/')) link = base::url_encode(name.substr(0, name.size() - 1)) + "/";
    out += base::cat({"<a href=\"", link, "\">", escaped(name), "</a>\n"});
  }
  return out + "</pre>\n";
}

// Text unless its beginning holds what no text does.
std::string_view type_of(std::string_view name, std::string_view beginning) {
  if (name.ends_with(".gz")) return "application/gzip";
  bool is_text = std::ranges::none_of(beginning, [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\x1b';
  });
  return is_text ? kText : "application/octet-stream";
}

}  // namespace

base::Result<std::string> read_part(const std::string& file, uint64_t offset, uint64_t bytes) {
  int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return base::fail(base::system_error("open " + file, errno));
  std::string out(bytes, '\0');
  ssize_t got = pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
  int error = errno;
  close(fd);
  if (got < 0) return base::fail(base::system_error("read " + file, error));
  out.resize(static_cast<size_t>(got));
  return out;
}

base::Result<NodeLogPage> read_node_log(const std::string& root, std::string_view path) {
  constexpr std::string_view kPrefix = "/logs";
  auto missing = [] { return base::fail(base::Code::NotFound, "404 page not found\n"); };
  if (!path.starts_with(kPrefix)) return missing();
  std::vector<std::string> parts;
  for (auto part : base::split(path.substr(kPrefix.size()), '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (part != "..") parts.emplace_back(part);
  }
  std::string name = parts.empty() ? "" : parts.back();
  std::string file = root;
  for (const auto& part : parts) file += "/" + part;
  struct stat about{};
  if (stat(file.c_str(), &about) != 0) return missing();
  NodeLogPage out;
  if (S_ISDIR(about.st_mode)) {
    if (!path.ends_with('/')) {
      out.redirect = (name.empty() ? "logs" : base::url_encode(name)) + "/";
      return out;
    }
    out.type = "text/html; charset=utf-8";
    TRY(out.text, list(file));
    return out;
  }
  if (!S_ISREG(about.st_mode)) return missing();
  if (path.ends_with('/')) {
    out.redirect = "../" + base::url_encode(name);
    return out;
  }
  TRY(auto beginning, read_part(file, 0, 512));
  out.type = type_of(name, beginning);
  out.file = std::move(file);
  out.bytes = static_cast<uint64_t>(about.st_size);
  return out;
}

io::Task<void> serve_node_log(NodeLogOptions options, std::string path, std::string query, io::ResponseWriter& writer) {
  const auto& root = options.root;
  if (root.empty()) {
    answer(writer, 405, "logs endpoint is disabled.");
    co_return;
  }
  base::Result<std::optional<LogQuery>> asked = std::optional<LogQuery>();
  if (options.query) asked = parse_log_query(Parameters(query));
  if (!asked) {
    answer(writer, 400, base::cat({asked.error().message(), "\n"}));
    co_return;
  }
  if (*asked) {
    if (path != "/logs" && path != "/logs/") {
      answer(writer, 406, "path not allowed in query mode\n");
      co_return;
    }
    if (auto checked = check_log_query(**asked, root); !checked) {
      answer(writer, 406, base::cat({checked.error().message(), "\n"}));
      co_return;
    }
    if (!(*asked)->services.empty()) {
      co_await serve_log_query(std::move(**asked), root, writer);
      co_return;
    }
    path = "/logs/";
    for (auto part : base::split((*asked)->files.front(), '/'))
      if (!part.empty()) path += base::cat({path.ends_with('/') ? "" : "/", base::url_encode(std::string(part))});
  }
  auto decoded = base::url_decode(path);
  auto page = decoded ? read_node_log(root, *decoded) : base::Result<NodeLogPage>(base::fail(decoded.error()));
  if (!page) {
    refuse(writer, page.error());
    co_return;
  }
  if (!page->redirect.empty()) {
    io::Headers headers;
    headers.add("location", page->redirect);
    writer.send(301, std::move(headers), base::Bytes());
    co_return;
  }
  io::Headers headers;
  headers.add("content-type", page->type);
  headers.add("x-content-type-options", "nosniff");
  if (page->file.empty()) {
    writer.send(200, std::move(headers), base::Bytes(std::move(page->text)));
    co_return;
  }
  writer.start(200, std::move(headers));
  uint64_t sent = 0;
  // As long as the file was when it was asked for: what is written meanwhile is for the next one.
  while (sent < page->bytes) {
    auto part = read_part(page->file, sent, std::min<uint64_t>(page->bytes - sent, 1 << 18));
    if (!part || part->empty()) break;
    sent += part->size();
    if (auto written = co_await writer.write(base::Bytes(std::move(*part))); !written) break;
  }
  writer.finish();
}

}  // namespace kubelet
