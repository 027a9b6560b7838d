// SPDX-License-Identifier: Apache-2.0
#include "engine/tar_index.h"

#include <sys/stat.h>

#include "base/file_range.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kMostItems = 5'000'000;

class Scanner {
 public:
  Scanner(int fd, uint64_t begin, uint64_t end, const std::string& name)
      : fd_(fd), place_(begin), end_(end), name_(name), headers_(name) {}

  Result<void> scan(const std::function<bool(const TarItem&)>& visit) {
    if (place_ == end_) return headers_.broken("it is empty");
    if (end_ - place_ < kTarBlock) return too_short();
    for (size_t count = 0; place_ < end_; count++) {
      if (count > kMostItems) return headers_.broken("it has too many entries");
      OB_TRY(std::string block, take(kTarBlock));
      OB_TRY(TarHeaders::Block found, headers_.header(block));
      if (found == TarHeaders::Block::kEnd) return {};
      if (found == TarHeaders::Block::kExtension) {
        uint64_t size = headers_.extension_size();
        OB_TRY(std::string content, take(size));
        OB_CHECK(headers_.extension(content));
        place_ += tar_padded(size) - size;
        continue;
      }
      TarItem item = headers_.take();
      item.offset = place_;
      if (item.size > end_ - place_) return headers_.broken("it is cut off");
      if (!visit(item)) return {};
      place_ += tar_padded(item.size);
    }
    return {};
  }

 private:
  /// Less than one header: the beginning of an archive, or none.
  Error too_short() const {
    auto data = read_range(fd_, place_, static_cast<size_t>(end_ - place_), name_);
    if (!data) return std::move(data).error();
    bool archive =
        data->size() > kTarMagicAt &&
        kTarMagic.starts_with(std::string_view(*data).substr(kTarMagicAt, kTarMagic.size()));
    return headers_.broken(archive ? "it is cut off" : "it is no tar archive");
  }

  Result<std::string> take(uint64_t size) {
    if (size > end_ - place_) return headers_.broken("it is cut off");
    OB_TRY(std::string data, read_range(fd_, place_, static_cast<size_t>(size), name_));
    if (data.size() < size) return headers_.broken("it is cut off");
    place_ += size;
    return data;
  }

  int fd_;
  uint64_t place_, end_;
  const std::string& name_;
  TarHeaders headers_;
};

}  // namespace

Result<void> scan_tar(int fd, uint64_t begin, uint64_t end, const std::string& name,
                      const std::function<bool(const TarItem&)>& visit) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return os_error(cat("read '", printable(name), "'"));
  // `end` can be the word of a manifest that somebody else wrote.
  if (begin > end || end > static_cast<uint64_t>(status.st_size)) {
    return make_error(ErrorCode::kConflict, cat("read '", printable(name), "': it is cut off"));
  }
  return Scanner(fd, begin, end, name).scan(visit);
}

}  // namespace outboard::engine
