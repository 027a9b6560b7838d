// SPDX-License-Identifier: Apache-2.0
#include "engine/tar_headers.h"

#include <optional>
#include <utility>

#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr uint64_t kLongestExtension = 1U << 20;  ///< of a pax header or a long name

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

std::string name_of(std::string_view header) {
  std::string_view prefix = text_field(header, 345, 155);
  // GNU's own format has other things in that field.
  bool posix = header.substr(257, 6) == std::string_view("ustar\0", 6);
  std::string_view name = text_field(header, 0, 100);
  return posix && !prefix.empty() ? cat(prefix, "/", name) : std::string(name);
}

}  // namespace

Error TarHeaders::broken(std::string_view why) const {
  return make_error(ErrorCode::kConflict, cat("read '", printable(name_), "': ", why));
}

Result<TarHeaders::Block> TarHeaders::header(std::string_view block) {
  if (block.find_first_not_of('\0') == std::string_view::npos) {
    if (!any_) return broken("it is no tar archive");
    return Block::kEnd;
  }
  if (block.substr(kTarMagicAt, kTarMagic.size()) != kTarMagic)
    return broken("it is no tar archive");
  any_ = true;
  auto size = number_field(block.substr(124, 12));
  if (!size || *size > INT64_MAX) return broken("an entry has no size");
  char type = block[156] == '\0' || block[156] == '7' ? '0' : block[156];
  if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
    if (*size > kLongestExtension) return broken("an extension header is too long");
    extension_type_ = type;
    extension_size_ = *size;
    return Block::kExtension;
  }
  item_ = TarItem();
  item_.type = type;
  item_.name = std::exchange(given_name_, {});
  item_.link = std::exchange(given_link_, {});
  // Links and directories have no content, whatever the field says.
  bool has_content = type != '1' && type != '2' && type != '5';
  item_.size = !has_content ? 0 : has_size_ ? given_size_ : *size;
  has_size_ = false;
  if (item_.name.empty()) item_.name = name_of(block);
  if (item_.link.empty()) item_.link = text_field(block, 157, 100);
  return Block::kItem;
}

Result<void> TarHeaders::extension(std::string_view content) {
  if (extension_type_ == 'L') given_name_ = content.substr(0, content.find('\0'));
  if (extension_type_ == 'K') given_link_ = content.substr(0, content.find('\0'));
  if (extension_type_ == 'x') return read_pax(content);
  return {};
}

TarItem TarHeaders::take() {
  return std::move(item_);
}

// Records "LENGTH KEY=VALUE\n".
Result<void> TarHeaders::read_pax(std::string_view text) {
  while (!text.empty()) {
    size_t space = text.find(' ');
    auto length = parse_number<size_t>(text.substr(0, space));
    if (space == std::string_view::npos || !length || *length <= space + 1 || *length > text.size())
      return broken("a pax header makes no sense");
    std::string_view record = text.substr(space + 1, *length - space - 2);
    text.remove_prefix(*length);
    size_t equal = record.find('=');
    if (equal == std::string_view::npos) continue;
    std::string_view key = record.substr(0, equal), value = record.substr(equal + 1);
    if (key == "path") given_name_ = value;
    if (key == "linkpath") given_link_ = value;
    if (key != "size") continue;
    auto number = parse_number<uint64_t>(value);
    if (!number || *number > INT64_MAX) return broken("a pax header makes no sense");
    has_size_ = true;
    given_size_ = *number;
  }
  return {};
}

}  // namespace outboard::engine
