// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <doctest/doctest.h>

using namespace outboard;

static const CommandHelp kRun = {"run",
                                 "IMAGE",
                                 "run it",
                                 "",
                                 {{"gpus", 0, "SPEC", "which", ""},
                                  {"tty", 't', "", "a terminal", ""},
                                  {"interactive", 'i', "", "stdin", ""}},
                                 true};

TEST_CASE("options end at the first word") {
  auto parsed = parse_options(kRun, {"--gpus", "all", "-it", "image", "--gpus", "x"});
  REQUIRE(parsed);
  CHECK(parsed->value("gpus") == "all");
  CHECK(parsed->has("tty"));
  CHECK(parsed->has("interactive"));
  CHECK(parsed->words() == std::vector<std::string>{"image", "--gpus", "x"});
}

TEST_CASE("wrong options are named, with the nearest right one") {
  auto parsed = parse_options(kRun, {"--gpu=all", "image"});
  // getopt_long takes a unique prefix as the option itself
  CHECK(parsed.has_value());
  parsed = parse_options(kRun, {"--gqus", "all"});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "run: unknown option '--gqus'");
  CHECK(parsed.error().hint == "did you mean '--gpus'?");
  parsed = parse_options(kRun, {"--gpus"});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "run: option '--gpus' needs a value");
  parsed = parse_options(kRun, {"-x"});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "run: unknown option '-x'");
  parsed = parse_options(kRun, {"--tty=1"});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "run: option '--tty' takes no value");
}

TEST_CASE("help, man page and completions come from the table") {
  CHECK(help_text("outboard", kRun).find("--gpus SPEC") != std::string::npos);
  CHECK(man_page("outboard", "1", "d", {kRun}, "").find("\\-\\-gpus") != std::string::npos);
  for (const char* shell : {"bash", "zsh", "fish"}) {
    auto script = completion_script(shell, "outboard", {kRun});
    REQUIRE(script);
    CHECK(script->find("gpus") != std::string::npos);
  }
  CHECK_FALSE(completion_script("csh", "outboard", {kRun}));
}

TEST_CASE(
    "a command that reads its own words gets them all, and its options are still in the help") {
  CommandHelp command{"x", "WORD...", "summary", "", {{"gpus", 0, "SPEC", "which", ""}}};
  command.reads_own_words = true;
  auto parsed = parse_options(command, {"--gpus", "all", "-it", "--no-such", "image"});
  REQUIRE(parsed);
  CHECK(parsed->words().size() == 5);
  CHECK(!parsed->has("gpus"));
  CHECK(help_text("p", command).find("--gpus SPEC") != std::string::npos);
}
