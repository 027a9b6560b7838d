// SPDX-License-Identifier: Apache-2.0
#include "compat/error_texts.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace outboard::compat {

namespace {

constexpr ErrorText kErrors[] = {
#include "compat/error_rows.inc"
};

constexpr size_t kMaxGap = 200;
// What a code weighs against patterns: less than a text that names the error in words.
constexpr size_t kCodeWeight = 12;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool edge_before(std::string_view text, size_t at) {
  return at == 0 || !is_word(text[at]) || !is_word(text[at - 1]);
}

bool edge_after(std::string_view text, size_t end) {
  return end == text.size() || !is_word(text[end - 1]) || !is_word(text[end]);
}

// What a '*' stood for, without the punctuation around a name in a sentence.
std::string_view without_punctuation(std::string_view piece) {
  constexpr std::string_view kAround = " ,.;:\"'`)]}>([{<";
  size_t begin = piece.find_first_not_of(kAround);
  if (begin == std::string_view::npos) return {};
  return piece.substr(begin, piece.find_last_not_of(kAround) - begin + 1);
}

// The pieces from `at` on; each '*' is as short as it can be.
bool match_from(std::string_view text, std::string_view lowered,
                const std::vector<std::string_view>& parts, size_t at, bool open_end,
                PatternMatch* match) {
  match->pieces.clear();
  match->weight = parts.front().size();
  size_t end = at + parts.front().size();
  for (size_t i = 1; i < parts.size(); i++) {
    bool last = i + 1 == parts.size();
    std::string_view window = lowered.substr(end, kMaxGap + parts[i].size());
    size_t found = window.find(parts[i]);
    while (last && !open_end && found != std::string_view::npos &&
           !edge_after(lowered, end + found + parts[i].size()))
      found = window.find(parts[i], found + 1);
    if (found == std::string_view::npos) return false;
    match->pieces.emplace_back(without_punctuation(text.substr(end, found)));
    match->weight += parts[i].size();
    end += found + parts[i].size();
  }
  if (!open_end && !edge_after(lowered, end)) return false;
  match->begin = at;
  match->end = end;
  return true;
}

bool match_lowered(std::string_view text, std::string_view lowered, std::string_view pattern,
                   PatternMatch* match) {
  bool open_begin = !pattern.empty() && pattern.front() == '*';
  bool open_end = !pattern.empty() && pattern.back() == '*';
  if (open_begin) pattern.remove_prefix(1);
  if (open_end && !pattern.empty()) pattern.remove_suffix(1);
  if (pattern.empty()) return false;
  const std::vector<std::string_view> parts = split(pattern, '*');
  for (size_t at = lowered.find(parts.front()); at != std::string_view::npos;
       at = lowered.find(parts.front(), at + 1)) {
    if (!open_begin && !edge_before(lowered, at)) continue;
    if (!match_from(text, lowered, parts, at, open_end, match)) continue;
    if (open_begin) {
      size_t blank = at == 0 ? std::string_view::npos : text.rfind(' ', at - 1);
      match->begin = blank == std::string_view::npos ? 0 : blank + 1;
      match->pieces.emplace(match->pieces.begin(),
                            without_punctuation(text.substr(match->begin, at - match->begin)));
    }
    if (open_end) {
      size_t blank = std::min(text.find(' ', match->end), text.size());
      match->pieces.emplace_back(without_punctuation(text.substr(match->end, blank - match->end)));
      match->end = blank;
    }
    return true;
  }
  return false;
}

// One word of the text, and where it stands.
struct Token {
  std::string_view word;
  size_t begin = 0;
};

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    while (i < text.size() && is_word(text[i])) i++;
    if (i > begin) tokens.push_back({text.substr(begin, i - begin), begin});
    if (i == begin) i++;
  }
  return tokens;
}

// "804", but not the 12 of "12.8" or of "v12", nor 0804.
bool is_code(std::string_view text, const Token& token) {
  if (token.word.size() > 4 || !is_digits(token.word) || token.word.front() == '0') return false;
  size_t end = token.begin + token.word.size();
  auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  if (end < text.size() && text[end] == '.' && digit(end + 1)) return false;
  return token.begin < 2 || text[token.begin - 1] != '.' || !digit(token.begin - 2);
}

// Which program counts like that: "cuda" for cudaGetDeviceCount, cuInit and CUresult. Nothing for
// any other word.
std::string_view family_of(std::string_view word) {
  std::string name = lower(word);
  if (name.starts_with("cuda") || name == "curesult" || name == "cudart") return "cuda";
  if (word.size() > 2 && word.starts_with("cu") && word[2] >= 'A' && word[2] <= 'Z') return "cuda";
  if (name.starts_with("nvml")) return "nvml";
  if (name == "xid") return "xid";
  return {};
}

bool is_connector(std::string_view word) {
  constexpr std::string_view kConnectors[] = {
      "error",  "err",    "code", "errorcode", "errcode", "returned", "returns", "return",
      "result", "status", "rc",   "failed",    "failure", "fails",    "with",    "runtime",
      "driver", "api",    "call", "was",       "is",      "got",      "value",   "number"};
  std::string name = lower(word);
  return std::find(std::begin(kConnectors), std::end(kConnectors), name) != std::end(kConnectors);
}

// cudaError_t, CUresult, nvmlReturn_t, cuInit: a number after these is a code without more words.
bool names_a_result(std::string_view word) {
  std::string name = lower(word);
  return name.find("err") != std::string::npos || name.find("result") != std::string::npos ||
         name.find("return") != std::string::npos || name == "cuinit" ||
         name.starts_with("nvmlinit");
}

void add_once(std::vector<std::string>& codes, std::string_view family, std::string_view number) {
  std::string code = cat(family, " ", number);
  if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(std::move(code));
}

bool has_code(std::string_view row_codes, const std::vector<std::string>& codes) {
  auto wanted = split(row_codes, '|');
  return std::any_of(wanted.begin(), wanted.end(), [&](std::string_view code) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
  });
}

// Backslashes that stand in front of something escaped: how many characters of `text` from `at` on
// they and it take, and what it means ('\0': none of them is an escape's, and they alone count).
char escaped(std::string_view text, size_t at, size_t* length) {
  size_t next = at;
  while (next < text.size() && text[next] == '\\') next++;
  std::string_view rest = text.substr(next);
  *length = next - at;
  if (rest.empty()) return '\0';
  *length = next - at + 1;
  if (rest[0] == '"' || rest[0] == '\'' || rest[0] == '`') return rest[0];
  if (rest[0] == 'n' || rest[0] == 't' || rest[0] == 'r') return ' ';
  *length = next - at + 3;
  if (rest.starts_with("x0a") || rest.starts_with("x09") || rest.starts_with("x0d")) return ' ';
  *length = next - at + 5;
  if (rest.starts_with("u003e")) return '>';
  if (rest.starts_with("u003c")) return '<';
  if (rest.starts_with("u0026")) return '&';
  *length = next - at;
  return '\0';
}

// How long the terminal's command at `at` (an ESC) is.
size_t terminal_command(std::string_view text, size_t at) {
  size_t end = at + 1;
  if (end >= text.size() || text[end] != '[') return 1;
  for (end++; end < text.size(); end++) {
    if (text[end] >= '@' && text[end] <= '~') return end - at + 1;
  }
  return end - at;
}

}  // namespace

std::span<const ErrorText> written_error_texts() {
  return kErrors;
}

std::string plain_error_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  auto add = [&](char c) {
    bool blank = c == ' ' || static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  };
  for (size_t i = 0; i < text.size();) {
    std::string_view rest = text.substr(i);
    size_t length = 1;
    if (text[i] == '\x1b') {
      i += terminal_command(text, i);
    } else if (text[i] == '\\') {
      if (char c = escaped(text, i, &length)) {
        add(c);
      } else {
        out.append(length, '\\');
      }
      i += length;
    } else if (rest.starts_with("\xe2\x80\x9c") || rest.starts_with("\xe2\x80\x9d")) {
      add('"');
      i += 3;
    } else if (rest.starts_with("\xe2\x80\x98") || rest.starts_with("\xe2\x80\x99")) {
      add('\'');
      i += 3;
    } else if (rest.starts_with("\xc2\xa0")) {
      add(' ');
      i += 2;
    } else {
      add(text[i++]);
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool match_pattern(std::string_view plain_text, std::string_view pattern, PatternMatch* match) {
  return match_lowered(plain_text, lower(plain_text), lower(pattern), match);
}

constexpr size_t kLongestGpuName = 40;  ///< "(PCI:00000000:41:00)"

std::vector<std::string> codes_in(std::string_view plain_text) {
  std::vector<std::string> codes;
  const std::vector<Token> tokens = tokens_of(plain_text);
  for (size_t i = 0; i < tokens.size(); i++) {
    // "Xid (PCI:0000:41:00): 79": what is in parentheses is the GPU.
    if (family_of(tokens[i].word) == "xid") {
      size_t at = tokens[i].begin + tokens[i].word.size();
      size_t open = plain_text.find_first_not_of(" :=", at);
      if (open != std::string_view::npos && plain_text[open] == '(') {
        size_t close = plain_text.substr(open, kLongestGpuName).find(')');
        if (close == std::string_view::npos) continue;
        at = open + close;
      }
      size_t next = i + 1;
      while (next < tokens.size() && tokens[next].begin < at) next++;
      if (next < tokens.size() && is_connector(tokens[next].word)) next++;
      if (next < tokens.size() && is_code(plain_text, tokens[next]))
        add_once(codes, "xid", tokens[next].word);
      continue;
    }
    if (!is_code(plain_text, tokens[i])) continue;
    size_t before = i;
    while (before > 0 && i - before < 4 && is_connector(tokens[before - 1].word)) before--;
    bool connected = before < i;
    if (before == 0) {
      if (tokens.size() != i + 1) continue;
      add_once(codes, "cuda", tokens[i].word);
      add_once(codes, "nvml", tokens[i].word);
      if (!connected) add_once(codes, "xid", tokens[i].word);
      continue;
    }
    // "CUDA 12" is a version in a sentence, and a code where it stands alone.
    const std::string_view named = tokens[before - 1].word;
    const std::string_view family = family_of(named);
    if (!family.empty() && family != "xid" &&
        (connected || names_a_result(named) || tokens.size() == 2))
      add_once(codes, family, tokens[i].word);
  }
  return codes;
}

namespace {

std::vector<ErrorMatch> match_plain_text(const std::string& plain,
                                         std::span<const ErrorText> table) {
  std::vector<ErrorMatch> matches;
  const std::string lowered = lower(plain);
  const std::vector<std::string> codes = codes_in(plain);
  for (const ErrorText& error : table) {
    ErrorMatch best;
    for (std::string_view pattern : split(error.patterns, '|')) {
      PatternMatch match;
      if (!match_lowered(plain, lowered, pattern, &match) || match.weight <= best.weight) continue;
      best.error = &error;
      best.weight = match.weight;
      best.found = plain.substr(match.begin, match.end - match.begin);
      best.pieces = std::move(match.pieces);
    }
    if (best.error == nullptr && has_code(error.codes, codes)) {
      best.error = &error;
      best.weight = kCodeWeight;
      best.found = plain.substr(0, kMaxGap);
    }
    if (best.error != nullptr) matches.push_back(std::move(best));
  }
  std::stable_sort(matches.begin(), matches.end(), [](const ErrorMatch& a, const ErrorMatch& b) {
    if (a.error->wrapper != b.error->wrapper) return b.error->wrapper;
    return a.weight > b.weight;
  });
  return matches;
}

bool names_cause(const std::vector<ErrorMatch>& matches) {
  return !matches.empty() && !matches.front().error->wrapper;
}

}  // namespace

std::vector<ErrorMatch> match_error_text(std::string_view text) {
  return match_error_text(text, error_texts());
}

std::vector<ErrorMatch> match_error_text(std::string_view text, std::span<const ErrorText> table) {
  if (text.size() > kMaxErrorText) return {};
  std::vector<ErrorMatch> matches = match_plain_text(plain_error_text(text), table);
  if (names_cause(matches) || text.find('\n') == std::string_view::npos) return matches;
  // Copied from a terminal, whose lines end anywhere in a word.
  std::string joined;
  for (char c : text) {
    if (c != '\n' && c != '\r') joined += c;
  }
  std::vector<ErrorMatch> of_joined = match_plain_text(plain_error_text(joined), table);
  return names_cause(of_joined) ? of_joined : matches;
}

std::string cause_text(const ErrorMatch& match) {
  std::string out;
  const std::string_view cause = match.error->cause;
  for (size_t i = 0; i < cause.size(); i++) {
    bool named =
        cause[i] == '$' && i + 1 < cause.size() && cause[i + 1] >= '1' && cause[i + 1] <= '9';
    if (!named) {
      out += cause[i];
      continue;
    }
    size_t number = static_cast<size_t>(cause[++i] - '1');
    // A code, or a pattern of fewer '*', has nothing to name.
    std::string piece = number < match.pieces.size() ? match.pieces[number] : "";
    out += piece.empty() ? "it" : cat("'", printable(piece, 120), "'");
  }
  return out;
}

}  // namespace outboard::compat
