// SPDX-License-Identifier: Apache-2.0
// The rows of data/xid.csv (and of compat.d/xid*.csv) as error texts, so that a number in the
// kernel log means the same to `outboard explain` and to doctor.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "compat/error_texts.h"
#include "compat/tables.h"

namespace outboard::compat {

/// `texts`, and after them "xid-79" and so on. What it was made from must live as long.
class ErrorTable {
 public:
  ErrorTable(std::span<const ErrorText> texts, std::span<const XidRow> xids);
  ErrorTable(const ErrorTable&) = delete;
  ErrorTable& operator=(const ErrorTable&) = delete;

  std::span<const ErrorText> rows() const { return rows_; }

 private:
  std::vector<ErrorText> rows_;
  std::deque<std::string> made_;
};

}  // namespace outboard::compat
