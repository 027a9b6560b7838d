// SPDX-License-Identifier: Apache-2.0
#include "compat/error_texts.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "compat/error_document.h"
#include "compat/xid_texts.h"

using namespace outboard;
using namespace outboard::compat;

TEST_CASE("text is compared without what logs and terminals put into it") {
  CHECK(plain_error_text("  a \t\r\n b\x01") == "a b");
  CHECK(plain_error_text("\x1b[31mred\x1b[0m") == "red");
  CHECK(plain_error_text("\x1b[31") == "");
  CHECK(plain_error_text(R"(msg=\"a \\\\\"b\\\\\"\\n c)") == "msg=\"a \"b\" c");
  CHECK(plain_error_text(R"(cuda\\u003e=9.0 \u003c \u0026)") == "cuda>=9.0 < &");
  CHECK(plain_error_text(R"(a\x0ab C:\dir \)") == R"(a b C:\dir \)");
  CHECK(plain_error_text("\xe2\x80\x9cnvidia\xe2\x80\x9d \xe2\x80\x98x\xe2\x80\x99\xc2\xa0y") ==
        "\"nvidia\" 'x' y");
  CHECK(plain_error_text("version 535, but#012NVRM: #011x") == "version 535, but NVRM: x");
  CHECK(plain_error_text("") == "");
}

TEST_CASE("codes are found behind the name of who counts so") {
  using Codes = std::vector<std::string>;
  CHECK(codes_in("CUDA error 804") == Codes{"cuda 804"});
  CHECK(codes_in("CUDA 804") == Codes{"cuda 804"});
  CHECK(codes_in("CUDA error: 804: forward") == Codes{"cuda 804"});
  CHECK(codes_in("CUDA failure 804: x") == Codes{"cuda 804"});
  CHECK(codes_in("CUDA initialization failure with error: 35") == Codes{"cuda 35"});
  CHECK(codes_in("cuda runtime error (802) : system") == Codes{"cuda 802"});
  CHECK(codes_in("cudaGetDeviceCount returned 35 -> x") == Codes{"cuda 35"});
  CHECK(codes_in("cuInit(0) returned 999") == Codes{});  // no code stands behind "0"
  CHECK(codes_in("cuInit returned error 999") == Codes{"cuda 999"});
  CHECK(codes_in("cudaError_t 35 and CUresult 3") == Codes{"cuda 35", "cuda 3"});
  CHECK(codes_in("nvmlInit returned 18") == Codes{"nvml 18"});
  CHECK(codes_in("NVML error code 9") == Codes{"nvml 9"});
  CHECK(codes_in("NVRM: Xid (PCI:0000:41:00): 79, pid=3") == Codes{"xid 79"});
  CHECK(codes_in("Xid 79") == Codes{"xid 79"});
  CHECK(codes_in("XidCriticalError: Xid=69 on") == Codes{"xid 69"});
  CHECK(codes_in("803") == Codes{"cuda 803", "nvml 803", "xid 803"});
  CHECK(codes_in("error 803") == Codes{"cuda 803", "nvml 803"});
  // Versions, counts and other numbers are none.
  CHECK(codes_in("requires CUDA 12 or later").empty());
  CHECK(codes_in("CUDA error 12.8").empty());
  CHECK(codes_in("CUDA runtime 9.100 is").empty());
  CHECK(codes_in("exit code 100").size() == 0);
  CHECK(codes_in("hook failed with exit code: 127").empty());
  CHECK(codes_in("Xid (PCI:0000:41:00").empty());
  CHECK(codes_in("Xid").empty());
}

static std::string best(std::string_view text) {
  auto found = match_error_text(text);
  return found.empty() ? "" : std::string(found.front().error->id);
}

TEST_CASE("every row explains its own example, best of all") {
  std::set<std::string_view> ids;
  for (const ErrorText& error : error_texts()) {
    INFO(error.id);
    INFO(error.example);
    CHECK(ids.insert(error.id).second);
    auto found = match_error_text(error.example);
    REQUIRE_FALSE(found.empty());
    // Two of our own messages may end alike; the longer one wins.
    if (error.printer != "outboard") CHECK(found.front().error->id == error.id);
    bool among = false;
    for (const ErrorMatch& match : found) among = among || match.error == &error;
    CHECK(among);
  }
  CHECK(ids.size() >= 230);
}

TEST_CASE("every pattern and code of every row finds its row") {
  for (const ErrorText& error : error_texts()) {
    INFO(error.id);
    for (std::string_view pattern : split(error.patterns, '|')) {
      INFO(pattern);
      std::string text;
      for (char c : pattern) {
        if (c != '{' && c != '}') text += c == '*' ? 'x' : c;
      }
      bool among = false;
      for (const ErrorMatch& match : match_error_text(text)) among = among || match.error == &error;
      CHECK(among);
    }
    for (std::string_view code : split(error.codes, '|')) {
      INFO(code);
      CHECK(best(code) == error.id);
    }
  }
}

TEST_CASE("the best match is a cause, and then the longest") {
  auto found = match_error_text(
      "OCI runtime create failed: error during container init: error running hook #0: exit status "
      "1, stderr: Auto-detected mode as 'legacy' nvidia-container-cli: initialization error: nvml "
      "error: driver not loaded: unknown");
  REQUIRE(found.size() >= 3);
  CHECK(found[0].error->id == "toolkit-driver-not-loaded");
  CHECK(found.back().error->wrapper);
  for (size_t i = 1; i < found.size(); i++) {
    if (found[i - 1].error->wrapper == found[i].error->wrapper)
      CHECK(found[i - 1].weight >= found[i].weight);
  }
}

TEST_CASE("what was found stands in the cause, and cannot command a terminal") {
  auto found = match_error_text("unresolvable CDI devices nvidia.com/gpu=all: unknown");
  REQUIRE_FALSE(found.empty());
  CHECK(cause_text(found[0]).find("the device 'nvidia.com/gpu=all':") != std::string::npos);
  found = match_error_text(
      "load library failed: \xff\x9b"
      "31m: cannot open shared object file");
  REQUIRE_FALSE(found.empty());
  CHECK(cause_text(found[0]).find("\\xff\\x9b31m") != std::string::npos);
}

TEST_CASE("an Xid has one meaning: that of its row") {
  for (const XidRow& xid : built_in_tables().xids) {
    INFO(xid.xid);
    auto found = match_error_text(cat("NVRM: Xid (PCI:0000:41:00): ", xid.xid, ", pid=3"));
    REQUIRE_FALSE(found.empty());
    CHECK(found[0].error->id == cat("xid-", xid.xid));
    CHECK(found[0].error->mend == xid.action);
    CHECK(lower(found[0].error->cause) == lower(cat(xid.meaning, ".")));
  }
  Tables tables = built_in_tables();
  REQUIRE(add_rows(tables, "xid.csv",
                   "xid,class,meaning,look,action,confidence,source\n"
                   "79,hardware,ours,,call us,high,us\n4711,reset,new,see it,do it,low,us\n")
              .empty());
  ErrorTable table(written_error_texts(), tables.xids);
  CHECK(match_error_text("Xid 79", table.rows()).at(0).error->mend == "call us");
  CHECK(match_error_text("Xid 4711", table.rows()).at(0).error->cause == "New.");
  CHECK(match_error_text("Xid 4711").empty());
}

TEST_CASE("text that nobody knows, and text that is too long") {
  CHECK(match_error_text("").empty());
  CHECK(match_error_text("hello world").empty());
  CHECK(match_error_text("Segmentation fault (core dumped)").empty());
  CHECK(match_error_text("bash: docker: command not found").empty());
  CHECK(match_error_text("exec /bin/true: no such file or directory").empty());
  std::string text = "Xid 79 " + std::string(kMaxErrorText - 7, 'x');
  CHECK_FALSE(match_error_text(text).empty());
  CHECK(match_error_text(text + "x").empty());
}

TEST_CASE("no command to copy holds a piece of the text that was pasted") {
  for (const ErrorText& error : error_texts()) {
    INFO(error.id);
    for (std::string_view text : {error.check, error.mend}) {
      for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1))
        CHECK_FALSE((at + 1 < text.size() && text[at + 1] >= '1' && text[at + 1] <= '9'));
    }
  }
}

TEST_CASE("doc/error-texts.md is what the table says") {
  const std::string path = OUTBOARD_DOCUMENTS "/error-texts.md";
  const std::string wanted = error_document(error_texts());
  if (std::getenv("OUTBOARD_UPDATE_GOLDEN")) REQUIRE(replace_file(path, wanted));  // NOLINT
  auto have = read_file(path);
  REQUIRE(have);
  // OUTBOARD_UPDATE_GOLDEN=1 writes it anew.
  CHECK(*have == wanted);
}

TEST_CASE("an explanation takes time that is linear in the text") {
  auto begin = std::chrono::steady_clock::now();
  const std::string backslashes(kMaxErrorText, '\\');
  CHECK(plain_error_text(backslashes) == backslashes);
  CHECK(match_error_text(backslashes).empty());
  CHECK(plain_error_text(R"(\\q \\"x\\n\\)") == R"(\\q "x \\)");
  std::string xids;
  while (xids.size() + 4 <= kMaxErrorText) xids += "xid(";
  CHECK(codes_in(xids).empty());
  CHECK(codes_in("Xid (PCI:00000000:41:00): 79") == std::vector<std::string>{"xid 79"});
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}
