// SPDX-License-Identifier: Apache-2.0
#include "compat/error_source.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace outboard;
using namespace outboard::compat;

static Result<std::string> rows_of(const std::string& row, std::string_view errors_md = "") {
  return make_error_rows({{"errors.csv", cat(kErrorHeader, "\n", row, "\n")}}, errors_md);
}

static std::string error_of(const std::string& row) {
  auto rows = rows_of(row);
  REQUIRE_FALSE(rows);
  return rows.error().text;
}

TEST_CASE("a row of the table of error texts") {
  auto rows = rows_of(
      "a-b,docker,cause,Bad {*} thing|other,cuda 2,why[ $1|],look,do,high,here,Bad x thing");
  REQUIRE(rows);
  CHECK(
      *rows ==
      "{\"a-b\", \"docker\", false, \"bad {*} thing|other\", \"cuda 2\", \"why[ $1|]\", \"look\", "
      "\"do\", \"high\", \"here\", \"Bad x thing\", },\n");
}

TEST_CASE("a wrong row of the table of error texts is an error with its line") {
  CHECK(error_of("A,docker,cause,some text,,why,,do,high,here,text") ==
        "errors.csv:2: 'A' is no id");
  CHECK(error_of("a,,cause,some text,,why,,do,high,here,text") == "errors.csv:2: no printer");
  CHECK(error_of("a,docker,reason,some text,,why,,do,high,here,text") ==
        "errors.csv:2: the kind is 'cause' or 'wrapper'");
  CHECK(error_of("a,docker,cause,,,why,,do,high,here,text") ==
        "errors.csv:2: neither a pattern nor a code");
  CHECK(error_of("a,docker,cause,a*b,,why,,do,high,here,text") ==
        "errors.csv:2: a pattern with too little text: 'a*b'");
  CHECK(error_of("a,docker,cause,some **text,,why,,do,high,here,text") ==
        "errors.csv:2: a pattern with two stars together: 'some **text'");
  CHECK(error_of("a,docker,cause,some  text,,why,,do,high,here,text") ==
        "errors.csv:2: a pattern with two blanks: 'some  text'");
  CHECK(error_of("a,docker,cause,some text|,,why,,do,high,here,text") ==
        "errors.csv:2: a pattern with too little text: ''");
  CHECK(error_of("a,docker,cause,,cuda x,why,,do,high,here,text") ==
        "errors.csv:2: a code is 'FAMILY NUMBER'");
  CHECK(error_of("a,docker,cause,,opencl 5,why,,do,high,here,text") ==
        "errors.csv:2: the families of codes are cuda, nvml and xid");
  CHECK(error_of("a,docker,cause,some text,,,,do,high,here,text") ==
        "errors.csv:2: no cause or no mend");
  CHECK(error_of("a,docker,cause,some *text,,why [$1|],,do,high,here,text") ==
        "errors.csv:2: the cause names braces that no pattern has");
  CHECK(error_of("a,docker,cause,some {*text},,why [$cuda2|],,do,high,here,text") ==
        "errors.csv:2: the cause names braces that no pattern has");
  for (const char* cause : {"why $1", "why [$1]", "[why|$1]", "[why $1|] $cuda1"})
    CHECK(error_of(cat("a,docker,cause,some {*text},,", cause, ",,do,high,here,text")) ==
          "errors.csv:2: the cause names a value outside of '[... $1|...]'");
  for (const char* pattern : {"some {*text", "some *}text", "so{me {*text}", "some {a}}text"})
    CHECK(error_of(cat("a,docker,cause,", pattern, ",,why,,do,high,here,text")) ==
          cat("errors.csv:2: a pattern with braces that are not in pairs: '", pattern, "'"));
  CHECK(error_of("a,docker,cause,{a}*{bc},,why,,do,high,here,text") ==
        "errors.csv:2: a pattern with too little text: '{a}*{bc}'");
  CHECK(error_of("a,docker,cause,some text,,why,,do,sure,here,text") ==
        "errors.csv:2: no confidence or no source");
  CHECK(error_of("a,docker,cause,some text,,why,,do,high,here,") == "errors.csv:2: no example");
  CHECK(error_of("a,docker,cause,some t\xc3\xa9xt,,why,,do,high,here,text") ==
        "errors.csv:2: text that is not ASCII");
  const std::string row = "a,docker,cause,some text,,why,,do,high,here,text";
  CHECK(error_of(row + "\n" + row) == "errors.csv:3: id 'a' stands there twice");
}

TEST_CASE("Outboard's own messages come from doc/errors.md") {
  const std::string first = "a,docker,cause,some text,,why,,do,high,here,text";
  const std::string begin = *rows_of(first);
  auto rows = rows_of(first,
                      "# Errors\n| message | why | what to do |\n|---|---|---|\n"
                      "| `larger than … KiB` | too big | `look` at it… |\n"
                      "| `larger than … KiB` | again | x |\n"
                      "| `the module is missing … and cannot be made` | w | x |\n");
  REQUIRE(rows);
  CHECK(
      rows->substr(begin.size()) ==
      "{\"outboard-larger-than-kib\", \"outboard\", false, \"outboard*larger than * kib\", \"\", "
      "\"too big\", \"\", \"'look' at it...\", \"high\", \"doc/errors.md\", "
      "\"outboard: larger than 17 KiB\", },\n"
      "{\"outboard-larger-than-kib-2\", \"outboard\", false, \"outboard*larger than * kib\", \"\", "
      "\"again\", \"\", \"x\", \"high\", \"doc/errors.md\", \"outboard: larger than 17 KiB\", },\n"
      // long enough to mean something without our name in front
      "{\"outboard-the-module-is-missing-and-cannot-be\", \"outboard\", false, "
      "\"outboard*the module is missing * and cannot be made|the module is missing * and cannot "
      "be made\", \"\", \"w\", \"\", \"x\", \"high\", \"doc/errors.md\", "
      "\"outboard: the module is missing 17 and cannot be made\", },\n");
}
