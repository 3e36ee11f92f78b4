#include "image/archive.h"

#include <openssl/sha.h>

#include <cstdio>
#include <cstring>
#include <set>

#include "base/strings.h"

namespace image {
namespace {

constexpr size_t kBlock = 512;
constexpr size_t kPathMax = 99;

std::string sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return base::hex_encode({reinterpret_cast<char*>(digest), sizeof digest});
}

const char* architecture() {
#if defined(__aarch64__)
  return "arm64";
#else
  return "amd64";
#endif
}

// POSIX ustar; owner root, time 0.
class Tar {
 public:
  base::Result<void> add(const std::string& path, char kind, unsigned mode, std::string_view content,
                         std::string_view link) {
    if (path.size() > kPathMax || link.size() > kPathMax) {
      return base::fail(base::Code::BadRequest, base::cat({"path too long for an image: ", path}));
    }
    char header[kBlock] = {};
    memcpy(header, path.data(), path.size());
    snprintf(header + 100, 8, "%07o", mode);
    snprintf(header + 108, 8, "%07o", 0U);
    snprintf(header + 116, 8, "%07o", 0U);
    snprintf(header + 124, 12, "%011zo", content.size());
    snprintf(header + 136, 12, "%011o", 0U);
    memset(header + 148, ' ', 8);
    header[156] = kind;
    memcpy(header + 157, link.data(), link.size());
    memcpy(header + 257, "ustar\00000", 8);
    unsigned sum = 0;
    for (unsigned char c : header) sum += c;
    snprintf(header + 148, 8, "%06o", sum);
    bytes_.append(header, sizeof header);
    bytes_.append(content);
    bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
    return {};
  }
  std::string finish() && {
    bytes_.append(2 * kBlock, '\0');
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

base::Result<std::string> make_layer(const std::vector<File>& files) {
  Tar tar;
  std::set<std::string> folders;
  for (const File& file : files) {
    for (size_t slash = file.path.find('/'); slash != std::string::npos; slash = file.path.find('/', slash + 1)) {
      auto folder = file.path.substr(0, slash + 1);
      if (folders.insert(folder).second) TRY(tar.add(folder, '5', 0755, "", ""));
    }
    if (file.link.empty()) {
      TRY(tar.add(file.path, '0', file.mode, file.content, ""));
    } else {
      TRY(tar.add(file.path, '2', 0777, "", file.link));
    }
  }
  return std::move(tar).finish();
}

std::string text_list(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const auto& text : texts) {
    if (json.size() > 1) json += ',';
    json += base::quote(text);
  }
  return json + "]";
}

std::string make_config(const Image& image, const std::string& layer_digest) {
  std::string ports;
  for (int port : image.ports) {
    if (!ports.empty()) ports += ',';
    ports += base::cat({"\"", std::to_string(port), "/tcp\":{}"});
  }
  auto environment = image.environment;
  environment.insert(environment.begin(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  return base::cat(
      {R"({"architecture":")", architecture(), R"(","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":)",
       text_list(environment), R"(,"Entrypoint":)", text_list(image.entrypoint), R"(,"User":)", base::quote(image.user),
       R"(,"ExposedPorts":{)", ports, R"(}},"rootfs":{"type":"layers","diff_ids":["sha256:)", layer_digest, R"("]}})"});
}

}  // namespace

base::Result<std::string> make_archive(const Image& image) {
  TRY(auto layer, make_layer(image.files));
  auto layer_digest = sha256(layer);
  auto config = make_config(image, layer_digest);
  auto config_name = sha256(config) + ".json";
  auto layer_name = layer_digest + "/layer.tar";
  auto manifest = base::cat({R"([{"Config":")", config_name, R"(","RepoTags":[)", base::quote(image.reference),
                             R"(],"Layers":[")", layer_name, R"("]}])"});
  Tar tar;
  TRY(tar.add(config_name, '0', 0644, config, ""));
  TRY(tar.add(layer_name, '0', 0644, layer, ""));
  TRY(tar.add("manifest.json", '0', 0644, manifest, ""));
  return std::move(tar).finish();
}

}  // namespace image
