#include "broker/journal/journal_entry.h"

#include <doctest/doctest.h>

namespace rmq::broker {
namespace {

JournalEntry entry(JournalKind kind, std::string payload) {
  JournalEntry made;
  made.kind = kind;
  made.writer = "w1";
  made.number = 5;
  made.snapshot = 17;
  made.sections = {{"topics", std::move(payload)}, {"delays", ""}};
  return made;
}

TEST_CASE("the bytes of a change") {
  CHECK(encode_journal_entry(entry(JournalKind::kChange, "{x}"), 1000) ==
        std::vector<std::string>{"{\"v\":1,\"w\":\"w1\",\"n\":5,\"p\":0,\"of\":1,\"snap\":17}\n"
                                 "{\"kind\":\"change\",\"sections\":[[\"topics\",3],[\"delays\",0]]}\n{x}"});
}

TEST_CASE("an entry is given out once all its parts are there, and only if they are its own") {
  const auto bodies = encode_journal_entry(entry(JournalKind::kSnapshot, std::string(950, 'x')), 100);
  REQUIRE(bodies.size() > 10);
  JournalReader reader;
  // Its end alone is nothing: reading began in its middle.
  CHECK_FALSE(reader.feed(1, bodies.back())->has_value());
  CHECK(reader.resume_at(2) == 2);
  std::int64_t offset = 10;
  for (std::size_t i = 0; i + 1 < bodies.size(); ++i) {
    CHECK_FALSE(reader.feed(offset++, bodies[i])->has_value());
    CHECK(reader.resume_at(offset) == 10);
  }
  auto whole = reader.feed(offset, bodies.back());
  REQUIRE((whole && *whole));
  CHECK((*whole)->kind == JournalKind::kSnapshot);
  CHECK((*whole)->begin == 10);
  CHECK((*whole)->end == offset + 1);
  CHECK((*whole)->snapshot == 17);
  CHECK((*whole)->sections.at(0).payload == std::string(950, 'x'));
  CHECK((*whole)->sections.at(1).table == "delays");

  // A writer that died in the middle, and the next one's entry.
  CHECK_FALSE(reader.feed(20, bodies[0])->has_value());
  auto other = entry(JournalKind::kChange, "y");
  other.writer = "w2";
  auto next = reader.feed(21, encode_journal_entry(other, 1000)[0]);
  REQUIRE((next && *next));
  CHECK((*next)->begin == 21);
  CHECK_FALSE(reader.feed(22, bodies[1])->has_value());
  CHECK(reader.resume_at(23) == 23);
}

TEST_CASE("what is not the journal's is refused") {
  JournalReader reader;
  CHECK(reader.feed(0, "").error().kind == ErrorKind::kCorrupt);
  CHECK(reader.feed(0, "[]\n").error().kind == ErrorKind::kCorrupt);
  CHECK_FALSE(reader.feed(0, std::string(5000, '[')));
  CHECK(reader
            .feed(0, R"({"v":2,"w":"a","n":0,"p":0,"of":1,"snap":-1})"
                     "\n")
            .error()
            .kind == ErrorKind::kUnsupported);
  const std::string head = R"({"v":1,"w":"a","n":0,"p":0,"of":1,"snap":-1})"
                           "\n";
  CHECK_FALSE(reader.feed(0, head + R"({"kind":"other","sections":[]})"
                                    "\n"));
  CHECK_FALSE(reader.feed(0, head + R"({"kind":"change","sections":[["t",5]]})"
                                    "\nabc"));
  CHECK_FALSE(reader.feed(0, head + R"({"kind":"change","sections":[["t",-5]]})"
                                    "\nabc"));
  CHECK_FALSE(reader.feed(0, head + R"({"kind":"change","sections":[["t",1]]})"
                                    "\nabc"));
  CHECK_FALSE(reader.feed(0, R"({"v":1,"w":"a","n":0,"p":1,"of":1,"snap":-1})"
                             "\n"));
}

}  // namespace
}  // namespace rmq::broker
