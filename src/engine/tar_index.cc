// SPDX-License-Identifier: Apache-2.0
#include "engine/tar_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "base/file_range.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr uint64_t kBlock = 512;
constexpr uint64_t kLongestExtension = 1U << 20;  ///< of a pax header or a long name
constexpr size_t kMostItems = 5'000'000;

std::string_view text_field(std::string_view header, size_t at, size_t size) {
  std::string_view field = header.substr(at, size);
  return field.substr(0, field.find('\0'));
}

// Octal, or with the first bit set GNU's big-endian binary.
std::optional<uint64_t> number_field(std::string_view field) {
  if (static_cast<unsigned char>(field[0]) & 0x80) {
    uint64_t value = static_cast<unsigned char>(field[0]) & 0x7f;
    for (char c : field.substr(1)) {
      if (value >> 56) return std::nullopt;
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  field = trim(field.substr(0, field.find('\0')));
  return field.empty() ? std::optional<uint64_t>(0) : parse_number<uint64_t>(field, 8);
}

uint64_t padded(uint64_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

class Scanner {
 public:
  Scanner(int fd, uint64_t begin, uint64_t end, const std::string& name)
      : fd_(fd), place_(begin), end_(end), name_(name) {}

  Result<void> scan(const std::function<bool(const TarItem&)>& visit) {
    bool any = false;
    TarItem given;  // what extension headers say of the next item
    bool has_size = false;
    uint64_t given_size = 0;
    for (size_t count = 0; place_ < end_; count++) {
      if (count > kMostItems) return broken("it has too many entries");
      OB_TRY(std::string header, bytes(place_, kBlock));
      if (header.find_first_not_of('\0') == std::string::npos) {
        if (!any) return broken("it is no tar archive");
        return {};
      }
      if (header.compare(257, 5, "ustar") != 0) return broken("it is no tar archive");
      any = true;
      place_ += kBlock;
      auto size = number_field(std::string_view(header).substr(124, 12));
      if (!size || *size > INT64_MAX) return broken("an entry has no size");
      char type = header[156] == '\0' || header[156] == '7' ? '0' : header[156];
      bool extension = type == 'x' || type == 'g' || type == 'L' || type == 'K';
      if (extension) {
        if (*size > kLongestExtension) return broken("an extension header is too long");
        OB_TRY(std::string content, bytes(place_, *size));
        if (type == 'L') given.name = std::string(content.c_str());
        if (type == 'K') given.link = std::string(content.c_str());
        if (type == 'x') OB_CHECK(read_pax(content, given, has_size, given_size));
        place_ += padded(*size);
        continue;
      }
      TarItem item = std::move(given);
      given = TarItem();
      item.type = type;
      item.offset = place_;
      // Links and directories have no content, whatever the field says.
      bool has_content = type != '1' && type != '2' && type != '5';
      item.size = !has_content ? 0 : has_size ? given_size : *size;
      has_size = false;
      if (item.name.empty()) item.name = name_of(header);
      if (item.link.empty()) item.link = text_field(header, 157, 100);
      if (item.size > end_ - place_) return broken("it is cut off");
      if (!visit(item)) return {};
      place_ += padded(item.size);
    }
    return any ? Result<void>() : broken("it is empty");
  }

 private:
  static std::string name_of(std::string_view header) {
    std::string_view prefix = text_field(header, 345, 155);
    // GNU's own format has other things in that field.
    bool posix = header.substr(257, 6) == std::string_view("ustar\0", 6);
    std::string_view name = text_field(header, 0, 100);
    return posix && !prefix.empty() ? cat(prefix, "/", name) : std::string(name);
  }

  // Records "LENGTH KEY=VALUE\n".
  Result<void> read_pax(std::string_view text, TarItem& item, bool& has_size,
                        uint64_t& size) const {
    while (!text.empty()) {
      size_t space = text.find(' ');
      auto length = parse_number<size_t>(text.substr(0, space));
      if (space == std::string_view::npos || !length || *length <= space + 1 ||
          *length > text.size())
        return broken("a pax header makes no sense");
      std::string_view record = text.substr(space + 1, *length - space - 2);
      text.remove_prefix(*length);
      size_t equal = record.find('=');
      if (equal == std::string_view::npos) continue;
      std::string_view key = record.substr(0, equal), value = record.substr(equal + 1);
      if (key == "path") item.name = value;
      if (key == "linkpath") item.link = value;
      if (key != "size") continue;
      auto number = parse_number<uint64_t>(value);
      if (!number) return broken("a pax header makes no sense");
      has_size = true;
      size = *number;
    }
    return {};
  }

  Error broken(std::string_view why) const {
    return make_error(ErrorCode::kConflict, cat("read '", printable(name_), "': ", why));
  }

  Result<std::string> bytes(uint64_t offset, uint64_t size) const {
    if (offset > end_ || size > end_ - offset) return broken("it is cut off");
    OB_TRY(std::string data, read_range(fd_, offset, static_cast<size_t>(size), name_));
    if (data.size() < size) return broken("it is cut off");
    return data;
  }

  int fd_;
  uint64_t place_, end_;
  const std::string& name_;
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
