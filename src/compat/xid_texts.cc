// SPDX-License-Identifier: Apache-2.0
#include "compat/xid_texts.h"

#include "base/text.h"

namespace outboard::compat {

namespace {

// A clause as a sentence.
std::string sentence(std::string_view clause) {
  std::string text(clause);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text + ".";
}

}  // namespace

ErrorTable::ErrorTable(std::span<const ErrorText> texts, std::span<const XidRow> xids)
    : rows_(texts.begin(), texts.end()) {
  auto keep = [this](std::string text) -> std::string_view {
    return made_.emplace_back(std::move(text));
  };
  rows_.reserve(texts.size() + xids.size());
  for (const XidRow& xid : xids) {
    ErrorText row;
    row.id = keep(cat("xid-", xid.xid));
    row.printer = "kernel";
    row.codes = keep(cat("xid ", xid.xid));
    row.cause = keep(sentence(xid.meaning));
    row.check = xid.look;
    row.mend = xid.action;
    row.confidence = xid.confidence;
    row.source = xid.source;
    row.example = keep(cat("NVRM: Xid (PCI:0000:3b:00): ", xid.xid, ", pid=4711, name=python3"));
    rows_.push_back(row);
  }
}

std::span<const ErrorText> error_texts() {
  static const ErrorTable kTable(written_error_texts(), built_in_tables().xids);
  return kTable.rows();
}

}  // namespace outboard::compat
