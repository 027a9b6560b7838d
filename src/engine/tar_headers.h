// SPDX-License-Identifier: Apache-2.0
// What the header blocks of a tar archive say of its items. Format: POSIX.1-2001 pax and ustar,
// with GNU's long names. The archive is somebody else's: extension headers are bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace outboard::engine {

constexpr uint64_t kTarBlock = 512;
/// What every header has, and where in it.
constexpr std::string_view kTarMagic = "ustar";
constexpr size_t kTarMagicAt = 257;

/// What the size of an item or of an extension header takes in the archive.
constexpr uint64_t tar_padded(uint64_t size) {
  return (size + kTarBlock - 1) / kTarBlock * kTarBlock;
}

struct TarItem {
  char type = '0';      ///< '0' file, '1' hard link, '2' symbolic link, '5' directory ...
  std::string name;     ///< as written ("./usr/lib/libc.so.6")
  std::string link;     ///< target of a link
  uint64_t offset = 0;  ///< of the content, in the file
  uint64_t size = 0;
};

/// Reads the blocks of one archive in their order.
class TarHeaders {
 public:
  enum class Block {
    kItem,       ///< take() has it; its content follows
    kExtension,  ///< `extension_size` bytes follow, for extension(), and their padding
    kEnd,        ///< of the archive
  };

  /// `name` is what errors call the archive, and must outlive this.
  explicit TarHeaders(const std::string& name) : name_(name) {}

  /// `block`: kTarBlock bytes. kConflict: no archive, or one that makes no sense.
  Result<Block> header(std::string_view block);
  Result<void> extension(std::string_view content);

  uint64_t extension_size() const { return extension_size_; }
  /// The item, without its offset.
  TarItem take();

  /// kConflict, with the archive's name.
  Error broken(std::string_view why) const;

 private:
  Result<void> read_pax(std::string_view text);

  const std::string& name_;
  TarItem item_;
  bool any_ = false;
  char extension_type_ = 0;
  uint64_t extension_size_ = 0;
  // What extension headers say of the next item.
  std::string given_name_, given_link_;
  bool has_size_ = false;
  uint64_t given_size_ = 0;
};

}  // namespace outboard::engine
