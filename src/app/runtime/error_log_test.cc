// SPDX-License-Identifier: Apache-2.0
#include "app/runtime/error_log.h"

#include <doctest/doctest.h>

using namespace outboard;

TEST_CASE("log lines in runc's two formats") {
  CHECK(runtime::log_line("error", "a \"b\"\n", "json", "T") ==
        "{\"level\":\"error\",\"msg\":\"a \\\"b\\\"\\n\",\"time\":\"T\"}\n");
  CHECK(runtime::log_line("error", "a \"b\"", "text", "T") ==
        "time=\"T\" level=error msg=\"a \\\"b\\\"\"\n");
  CHECK(runtime::log_line("error", "a", "", "T") == "time=\"T\" level=error msg=\"a\"\n");
}

TEST_CASE("an error is one line, the hint in brackets") {
  CHECK(runtime::error_line(make_error(ErrorCode::kIo, "x", "do y")) == "outboard: x (do y)");
  CHECK(runtime::error_line(make_error(ErrorCode::kIo, "x")) == "outboard: x");
  CHECK(runtime::error_line(make_error(ErrorCode::kIo, "x\ny\x1b[2J")) ==
        "outboard: x\\x0ay\\x1b[2J");
  CHECK(runtime::error_line(make_error(ErrorCode::kIo, std::string(100'000, 'x'))).size() < 9000);
}
