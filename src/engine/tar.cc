// SPDX-License-Identifier: Apache-2.0
#include "engine/tar.h"

#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kBlock = 512;
constexpr size_t kSizeAt = 124;
constexpr size_t kTimeAt = 136;
constexpr size_t kChecksumAt = 148;
constexpr size_t kTypeAt = 156;
constexpr size_t kLinkAt = 157;
constexpr size_t kLinkLength = 100;
constexpr size_t kMagicAt = 257;

std::optional<size_t> octal(std::string_view field) {
  field = trim(field.substr(0, field.find('\0')));
  return parse_number<size_t>(field, 8);
}

size_t padded(size_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

void put(std::string& header, size_t at, std::string_view text) {
  header.replace(at, text.size(), text);
}

}  // namespace

std::optional<TarEntry> first_tar_entry(std::string_view archive) {
  while (archive.size() >= kBlock) {
    std::string_view header = archive.substr(0, kBlock);
    if (header.substr(kMagicAt, 5) != "ustar") return std::nullopt;
    auto size = octal(header.substr(kSizeAt, 12));
    if (!size) return std::nullopt;
    char type = header[kTypeAt] == '\0' ? '0' : header[kTypeAt];
    archive.remove_prefix(kBlock);
    // x, g: pax headers; L, K: GNU's long names. The file's own header follows.
    if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
      if (padded(*size) > archive.size()) return std::nullopt;
      archive.remove_prefix(padded(*size));
      continue;
    }
    std::string_view link = header.substr(kLinkAt, kLinkLength);
    return TarEntry{type, archive.substr(0, *size), std::string(link.substr(0, link.find('\0')))};
  }
  return std::nullopt;
}

// A regular file's header and its content, padded.
static std::string entry_of(const TarFile& file, int64_t mtime) {
  std::string header(kBlock, '\0');
  put(header, 0, file.name.substr(0, 99));
  put(header, 100, "0000644");
  put(header, 108, "0000000");
  put(header, 116, "0000000");
  char number[12];
  std::snprintf(number, sizeof number, "%011llo",
                static_cast<unsigned long long>(file.content.size()));
  put(header, kSizeAt, number);
  std::snprintf(number, sizeof number, "%011llo", static_cast<unsigned long long>(mtime));
  put(header, kTimeAt, number);
  put(header, kChecksumAt, "        ");
  header[kTypeAt] = '0';
  put(header, kMagicAt, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  char checksum[8];
  std::snprintf(checksum, sizeof checksum, "%06o", sum);
  put(header, kChecksumAt, std::string_view(checksum, 7));
  header += file.content;
  header.resize(padded(header.size()), '\0');
  return header;
}

std::string tar_of_files(const std::vector<TarFile>& files, int64_t mtime) {
  std::string out;
  for (const TarFile& file : files) out += entry_of(file, mtime);
  out.resize(out.size() + 2 * kBlock, '\0');
  return out;
}

std::string tar_of_file(std::string_view name, std::string_view content, int64_t mtime) {
  return tar_of_files({{name, content}}, mtime);
}

}  // namespace outboard::engine
