// SPDX-License-Identifier: Apache-2.0
#include "engine/tar_stream.h"

#include <algorithm>

namespace outboard::engine {

Result<bool> TarStream::feed(std::string_view bytes) {
  while (true) {
    uint64_t skipped = std::min<uint64_t>(skip_, bytes.size());
    bytes.remove_prefix(skipped);
    skip_ -= skipped;
    if (skip_ > 0) return true;
    size_t missing = std::min<size_t>(size_ - part_.size(), bytes.size());
    part_.append(bytes.substr(0, missing));
    bytes.remove_prefix(missing);
    if (part_.size() < size_) return true;
    OB_TRY(bool more, take_part());
    if (!more) return false;
  }
}

void TarStream::expect(Expects what, uint64_t size) {
  expects_ = what;
  size_ = size;
  part_.clear();
}

Result<bool> TarStream::take_part() {
  if (expects_ == Expects::kHeader) {
    OB_TRY(TarHeaders::Block found, headers_.header(part_));
    if (found == TarHeaders::Block::kEnd) return false;
    if (found == TarHeaders::Block::kExtension) {
      expect(Expects::kExtension, headers_.extension_size());
    } else {
      item_ = headers_.take();
      expect(Expects::kHead, std::min<uint64_t>(item_.size, kHead));
    }
    return true;
  }
  if (expects_ == Expects::kExtension) {
    OB_CHECK(headers_.extension(part_));
    skip_ = tar_padded(size_) - size_;
  } else {
    if (!visit_(item_, part_)) return false;
    skip_ = tar_padded(item_.size) - size_;
  }
  expect(Expects::kHeader, kTarBlock);
  return true;
}

}  // namespace outboard::engine
