// SPDX-License-Identifier: Apache-2.0
#include "engine/tar_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_range.h"
#include "base/files.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestDocument = 8U << 20;
constexpr size_t kMostFiles = 100'000;  ///< an image's archive has a few for each layer

/// A compressed archive is no broken one.
Error explain(int fd, const std::string& file, Error error) {
  unsigned char head[4] = {};
  if (::pread(fd, head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return error;
  bool gzip = head[0] == 0x1f && head[1] == 0x8b;
  bool zstd = head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd;
  bool xz = head[0] == 0xfd && head[1] == '7' && head[2] == 'z';
  if (!gzip && !zstd && !xz) return error;
  return make_error(ErrorCode::kUnsupported, cat("'", printable(file), "' is compressed"),
                    cat("unpack it with ",
                        gzip   ? "gunzip"
                        : zstd ? "unzstd"
                               : "unxz",
                        " first"));
}

std::string without_dot(std::string_view name) {
  while (name.substr(0, 2) == "./") name.remove_prefix(2);
  return std::string(name);
}

}  // namespace

Result<TarFiles> TarFiles::open(const std::string& file) {
  OB_TRY(UniqueFd fd, open_at(AT_FDCWD, file, O_RDONLY | O_NONBLOCK));
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) return os_error(cat("read '", printable(file), "'"));
  if (!S_ISREG(status.st_mode)) {
    return make_error(ErrorCode::kUsage, cat("'", printable(file), "' is no regular file"));
  }
  TarFiles files(std::move(fd), file);
  auto scanned = scan_tar(files.fd_.get(), 0, static_cast<uint64_t>(status.st_size), file,
                          [&](const TarItem& item) {
                            if (item.type != '5') files.items_[without_dot(item.name)] = item;
                            return files.items_.size() <= kMostFiles;
                          });
  if (!scanned) return explain(files.fd_.get(), file, std::move(scanned).error());
  if (files.items_.size() > kMostFiles) {
    return make_error(
        ErrorCode::kUnsupported,
        cat("'", printable(file), "' holds more files than the archive of an image has"));
  }
  return files;
}

Result<std::string> TarFiles::text(const std::string& name, const char* writer) const {
  auto found = items_.find(name);
  if (found == items_.end() || found->second.type != '0') {
    return make_error(ErrorCode::kConflict,
                      cat("'", printable(file_), "' has no '", printable(name), "'"),
                      cat("name a file that '", writer, "' wrote"));
  }
  const TarItem& item = found->second;
  if (item.size > kLargestDocument) {
    return make_error(ErrorCode::kUnsupported,
                      cat("'", printable(item.name), "' in '", printable(file_),
                          "' is larger than any of its kind"));
  }
  OB_TRY(std::string text,
         read_range(fd_.get(), item.offset, static_cast<size_t>(item.size), file_));
  if (text.size() < item.size) {
    return make_error(ErrorCode::kConflict, cat("read '", printable(file_), "': it is cut off"));
  }
  return text;
}

std::optional<LayerPlace> TarFiles::place(const std::string& name) const {
  auto found = items_.find(name);
  // Old archives name an equal layer of another image by a link "../ID/layer.tar".
  if (found != items_.end() && found->second.type == '2') {
    std::string_view target = found->second.link;
    if (target.substr(0, 3) == "../") found = items_.find(std::string(target.substr(3)));
  }
  if (found == items_.end() || found->second.type != '0') return std::nullopt;
  return LayerPlace{file_, found->second.offset, found->second.size};
}

}  // namespace outboard::engine
