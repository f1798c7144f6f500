#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "operator/kube/line_splitter.h"

using namespace rmq::kube;

TEST_CASE("lines: the same whatever the chunks") {
  const std::string text = "{\"a\":1}\n\n{\"b\":2}\n{\"long\":\"xxxxxxxx\"}\nrest";
  const std::vector<std::string> wanted{"{\"a\":1}", "{\"b\":2}", "{\"long\":\"xxxxxxxx\"}"};
  for (std::size_t size = 1; size <= text.size(); ++size) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += size) {
      CHECK(splitter.feed(std::string_view(text).substr(at, size), [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      }));
    }
    CHECK(lines == wanted);
    CHECK(splitter.pending() == 4);
  }
}

TEST_CASE("lines: too long a line ends it, with or without its newline") {
  LineSplitter splitter(4);
  const auto any = [](std::string_view) { return true; };
  CHECK(splitter.feed("abcd\nab", any));
  CHECK_FALSE(splitter.feed("cde", any));
  LineSplitter other(4);
  CHECK_FALSE(other.feed("abcde\n", any));
}

TEST_CASE("lines: the taker can stop") {
  LineSplitter splitter;
  int taken = 0;
  CHECK_FALSE(splitter.feed("a\nb\nc\n", [&](std::string_view) { return ++taken < 2; }));
  CHECK(taken == 2);
}
