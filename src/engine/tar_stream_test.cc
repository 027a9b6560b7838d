// SPDX-License-Identifier: Apache-2.0
#include "engine/tar_stream.h"

#include <doctest/doctest.h>

#include <string>

#include "base/text.h"
#include "engine/tar.h"

using namespace outboard;
using namespace outboard::engine;

// What comes out, in pieces of `piece` bytes: "NAME TYPE SIZE HEAD;"...
static std::string read(const std::string& archive, size_t piece, size_t most = 100) {
  std::string found;
  size_t count = 0;
  TarStream stream("test", [&](const TarItem& item, std::string_view head) {
    found += cat(item.name, " ", std::string(1, item.type), " ", item.size, " ", head, ";");
    return ++count < most;
  });
  for (size_t at = 0; at < archive.size(); at += piece) {
    auto more = stream.feed(std::string_view(archive).substr(at, piece));
    if (!more) return more.error().text;
    if (!*more) return found;
  }
  return found + "cut";
}

static std::string with_type(std::string archive, char type) {
  archive[156] = type;
  return archive;
}

TEST_CASE("items and the beginning of each content, whatever the pieces are") {
  std::string archive = tar_of_files({{"a", "first"},
                                      {"empty", ""},
                                      {"long", std::string(2000, 'x')},
                                      {"exact", std::string(512, 'y')}});
  std::string want = cat("a 0 5 first;empty 0 0 ;long 0 2000 ", std::string(TarStream::kHead, 'x'),
                         ";exact 0 512 ", std::string(TarStream::kHead, 'y'), ";");
  for (size_t piece : {1, 7, 511, 512, 513, 100'000}) CHECK(read(archive, piece) == want);
  CHECK(read(archive, 64, 1) == "a 0 5 first;");
  CHECK(read(archive.substr(0, 1600), 64).substr(0, 13) == "a 0 5 first;e");
}

TEST_CASE("long names and sizes of extension headers count, links have no content") {
  std::string record = "19 path=very/longer\n";
  record.replace(0, 2, std::to_string(record.size()));
  std::string pax = with_type(tar_of_file("PaxHeader", record), 'x').substr(0, 1024);
  std::string link = with_type(tar_of_file("short", ""), '2');
  CHECK(read(pax + link, 100) == "very/longer 2 0 ;");
  std::string gnu =
      with_type(tar_of_file("././@LongLink", std::string(300, 'n') + '\0'), 'L').substr(0, 1024);
  CHECK(read(gnu + tar_of_file("short", "abc"), 100) == std::string(300, 'n') + " 0 3 abc;");
}

TEST_CASE("what is no archive") {
  CHECK(read(std::string(1024, 'x'), 100).find("no tar archive") != std::string::npos);
  CHECK(read(std::string(1024, '\0'), 100).find("no tar archive") != std::string::npos);
  std::string huge = with_type(tar_of_file("x", "y"), 'x');
  huge.replace(124, 11, "77777777777");
  CHECK(read(huge, 100).find("too long") != std::string::npos);
}
