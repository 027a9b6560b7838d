// SPDX-License-Identifier: Apache-2.0
#include "app/cli/explain_error.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "app/compat_files.h"
#include "base/json.h"
#include "base/text.h"
#include "compat/error_texts.h"
#include "compat/xid_texts.h"

namespace outboard::cli {

namespace {

constexpr size_t kOthersNamed = 4;

bool has_blank(std::string_view word) {
  return word.find_first_of(" \t\r\n") != std::string_view::npos;
}

// The first component of an image's name may have upper case only as a registry's host, in front of
// a '/'.
bool is_no_image(std::string_view word) {
  if (word.find('/') != std::string_view::npos) return false;
  std::string_view name = word.substr(0, word.find_first_of(":@"));
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Everything from standard input, which may be a pipe or a terminal; at most one byte more than is
// looked at.
Result<std::string> read_standard_input() {
  std::string text;
  char buffer[1 << 16];
  while (text.size() <= compat::kMaxErrorText) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read standard input");
    if (got == 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

Result<std::string> read_text(const Parsed& parsed) {
  std::string text = parsed.has("error") ? parsed.value("error") : join(parsed.words(), " ");
  if (text == "-") {
    OB_TRY(text, read_standard_input());
  }
  if (text.size() > compat::kMaxErrorText) {
    return make_error(
        ErrorCode::kUsage,
        cat("explain: the error text is larger than ", compat::kMaxErrorText >> 10, " KiB"),
        "give the lines around the error: '... | tail -n 100 | outboard explain -'");
  }
  if (text.find('\0') != std::string::npos)
    return make_error(ErrorCode::kUsage, "explain: the error text is binary",
                      "give the lines around the error as text: 'journalctl ... | outboard explain "
                      "-'");
  if (compat::plain_error_text(text).empty()) {
    return make_error(ErrorCode::kUsage, "explain: the error text is empty",
                      "give it in quotes: outboard explain --error 'TEXT'");
  }
  return text;
}

json::Value match_json(const compat::ErrorMatch& match) {
  const compat::ErrorText& error = *match.error;
  json::Value value;
  value.set("id", error.id);
  value.set("printer", error.printer);
  value.set("wrapper", error.wrapper);
  value.set("found", printable(match.found));
  value.set("cause", compat::cause_text(match));
  value.set("check", error.check);
  value.set("mend", error.mend);
  value.set("confidence", error.confidence);
  value.set("source", error.source);
  return value;
}

std::string best_text(const std::vector<compat::ErrorMatch>& matches) {
  const compat::ErrorMatch& best = matches.front();
  std::string out = cat(best.error->id, ": ", printable(best.found), "\n");
  out += cat("  cause: ", compat::cause_text(best), "\n");
  if (!best.error->check.empty()) out += cat("  check: ", best.error->check, "\n");
  out += cat("  mend:  ", best.error->mend, "\n");
  out += cat("  from:  ", best.error->source, " (confidence ", best.error->confidence, ")\n");
  if (matches.size() > 1) {
    out += "also in this text:";
    for (size_t i = 1; i < matches.size() && i <= kOthersNamed; i++)
      out += cat(i == 1 ? " " : ", ", matches[i].error->id);
    if (matches.size() > kOthersNamed + 1)
      out += cat(" and ", matches.size() - kOthersNamed - 1, " more");
    out += " (--json has them all)\n";
  }
  return out;
}

}  // namespace

bool is_error_text(const Parsed& parsed) {
  const auto& words = parsed.words();
  if (parsed.has("error") || words.size() > 1) return true;
  if (words.empty()) return false;
  return words[0] == "-" || has_blank(words[0]) || (words[0].size() <= 4 && is_digits(words[0])) ||
         is_no_image(words[0]);
}

Result<int> explain_error(const Parsed& parsed) {
  if (parsed.has("error") && !parsed.words().empty()) {
    return make_error(ErrorCode::kUsage, "explain: --error and further words",
                      "give the whole text in quotes: outboard explain --error 'TEXT'");
  }
  OB_TRY(std::string text, read_text(parsed));
  // Xids that an administrator or the user added or corrected.
  const app::CompatTables tables = app::read_user_tables();
  const compat::ErrorTable table(compat::written_error_texts(), tables.tables().xids);
  const std::vector<compat::ErrorMatch> matches = compat::match_error_text(text, table.rows());
  if (parsed.has("json")) {
    json::Value list = json::Value::array();
    for (const compat::ErrorMatch& match : matches) list.push(match_json(match));
    json::Value document;
    document.set("matches", std::move(list));
    std::fputs(json::write_pretty(document).c_str(), stdout);
    return matches.empty() ? 1 : 0;
  }
  if (matches.empty()) {
    return make_error(
        ErrorCode::kNotFound,
        cat("no known error in '", printable(compat::plain_error_text(text), 80), "'"),
        "'outboard doctor' looks at the machine itself; give the whole text, with the lines around "
        "it");
  }
  std::fputs(best_text(matches).c_str(), stdout);
  return 0;
}

}  // namespace outboard::cli
