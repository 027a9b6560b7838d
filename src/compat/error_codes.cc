// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "compat/error_texts.h"

namespace outboard::compat {

namespace {

constexpr size_t kLongestGpuName = 40;  ///< "(PCI:00000000:41:00)"

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
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
      "error",         "err",    "code", "errorcode", "errcode", "returned", "returns", "return",
      "result",        "status", "rc",   "failed",    "failure", "fails",    "with",    "runtime",
      "driver",        "api",    "call", "was",       "is",      "got",      "value",   "number",
      "initialization"};
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

}  // namespace

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

}  // namespace outboard::compat
