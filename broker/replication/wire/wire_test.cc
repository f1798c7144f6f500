#include <doctest/doctest.h>

#include "broker/replication/wire/autoswitch.h"
#include "broker/replication/wire/classic.h"

namespace rmq::replication {
namespace {

using namespace std::string_view_literals;

template <std::size_t N>
std::string text(const std::array<char, N>& bytes) {
  return {bytes.data(), bytes.size()};
}

// A decoder must want more for every shorter prefix, and give `expected` and the rest for the whole.
template <class T, class Take>
void check_take(const std::string& bytes, const T& expected, Take take) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view part(bytes.data(), size);
    auto taken = take(part);
    REQUIRE(taken);
    CHECK_FALSE(*taken);
    CHECK(part.size() == size);
  }
  const auto longer = bytes + "rest";
  std::string_view all = longer;
  auto taken = take(all);
  REQUIRE(taken);
  REQUIRE(*taken);
  CHECK(**taken == expected);
  CHECK(all == "rest");
}

TEST_CASE("slave's handshake, as the original lays it out") {
  const SlaveHello hello{.sync_from_last_file = true, .learner = false, .ours = false, .broker_id = 0x0102};
  const auto bytes = text(encode(hello));
  CHECK(bytes == "\0\0\0\1\0\1\0\0\0\0\0\0\0\0\1\2"sv);
  check_take(bytes, hello, take_slave_hello);
}

TEST_CASE("a slave of ours says so; a learner says only that it is one") {
  CHECK(text(encode(SlaveHello{.ours = true, .broker_id = 2})) == "\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\2"sv);
  // The original compares with 1: with both bits set it would let a learner into the sync set.
  CHECK(text(encode(SlaveHello{.learner = true, .ours = true, .broker_id = 2})) ==
        "\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\2"sv);
}

TEST_CASE("slave's acknowledgement") {
  const SlaveAck ack{.offset = 0x0102030405};
  const auto bytes = text(encode(ack));
  CHECK(bytes == "\0\0\0\2\0\0\0\1\2\3\4\5"sv);
  check_take(bytes, ack, take_slave_ack);
  const SlaveAck ping{.state = kStatePing, .offset = 7};
  check_take(text(encode(ping)), ping, take_slave_ack);
}

TEST_CASE("master's handshake with its epochs") {
  const MasterHello hello{.end = 300, .epoch = 8, .epochs = {{7, 0}, {8, 256}}};
  const auto bytes = encode(hello);
  CHECK(bytes == "\0\0\0\1\0\0\0\x18\0\0\0\0\0\0\1\x2c\0\0\0\x08\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\1\0"sv);
  check_take(bytes, hello, take_master_hello);
  // The original with an empty log: no entries, epoch -1.
  const MasterHello empty{.epoch = -1};
  check_take(encode(empty), empty, take_master_hello);
  const MasterHello ours{.ours = true, .end = 1, .epoch = 3, .epochs = {{3, 0}}};
  CHECK(encode(ours).substr(0, 4) == "\0\0\0\x65"sv);
  check_take(encode(ours), ours, take_master_hello);
}

TEST_CASE("master's header before a batch") {
  const TransferHeader header{.body_bytes = 1024, .offset = 512, .epoch = 3, .epoch_start = 256, .confirm = 511};
  const auto bytes = text(encode(header));
  CHECK(bytes == "\0\0\0\2\0\0\4\0\0\0\0\0\0\0\2\0\0\0\0\3\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\xff"sv);
  check_take(bytes, header, take_transfer_header);
  // What the original sends before it knows where to start.
  const TransferHeader idle{.offset = -1, .epoch = 1};
  check_take(text(encode(idle)), idle, take_transfer_header);
}

TEST_CASE("the classic protocol") {
  CHECK(text(encode_classic_ack(258)) == "\0\0\0\0\0\0\1\2"sv);
  check_take(text(encode_classic_ack(258)), std::int64_t{258}, take_classic_ack);
  const ClassicHeader header{.offset = 4096, .body_bytes = 32768};
  CHECK(text(encode(header)) == "\0\0\0\0\0\0\x10\0\0\0\x80\0"sv);
  check_take(text(encode(header)), header, take_classic_header);
}

template <class Take>
bool refused(std::string_view bytes, Take take) {
  auto taken = take(bytes);
  return !taken && taken.error().kind == ErrorKind::kInvalid;
}

TEST_CASE("junk and lies are refused") {
  CHECK(refused("GET / HTTP/1.1\r\n"sv, take_slave_hello));
  CHECK(refused("GET "sv, take_slave_hello));                      // with its first bytes
  CHECK(refused("\0\0\0\2\0\0\0\0\0\0\0\1"sv, take_slave_hello));  // an acknowledgement before the handshake
  CHECK(refused("\0\0\0\1\0\0\0\4\0\0\0\0\0\0\0\2"sv, take_slave_hello));
  CHECK(refused("\0\0\0\1\0\0\0\0\xff\0\0\0\0\0\0\2"sv, take_slave_hello));
  CHECK(refused("\0\0\0\2\xff\0\0\0\0\0\0\1"sv, take_slave_ack));
  CHECK(refused("\0\0\0\3\0\0\0\0\0\0\0\1"sv, take_slave_ack));
  CHECK(refused(std::string("\0\0\0\1\xff\xff\xff\xff", 8) + std::string(12, '\0'), take_master_hello));
  CHECK(refused(std::string("\0\0\0\1\0\0\0\x0d", 8) + std::string(40, '\0'), take_master_hello));
  CHECK(refused(std::string("\0\0\0\1\x7f\xff\xff\xfc", 8) + std::string(12, '\0'), take_master_hello));
  CHECK(refused(encode(MasterHello{.end = -1}), take_master_hello));
  CHECK(refused(encode(MasterHello{.epochs = {{2, 0}, {2, 5}}}), take_master_hello));
  CHECK(refused(encode(MasterHello{.epochs = {{2, 9}, {3, 5}}}), take_master_hello));
  CHECK(refused(encode(MasterHello{.epochs = {{2, -9}}}), take_master_hello));
  CHECK(refused(text(encode(TransferHeader{.body_bytes = -1})), take_transfer_header));
  CHECK(refused(text(encode(TransferHeader{.body_bytes = kMaxBodyBytes + 1})), take_transfer_header));
  CHECK(refused(text(encode(TransferHeader{.body_bytes = 1, .offset = -1})), take_transfer_header));
  CHECK(refused(text(encode(TransferHeader{.state = kStatePing, .body_bytes = 1})), take_transfer_header));
  CHECK(refused(text(encode(TransferHeader{.state = 0})), take_transfer_header));
  CHECK(refused(text(encode_classic_ack(-2)), take_classic_ack));
  CHECK(refused(text(encode(ClassicHeader{.offset = -1})), take_classic_header));
  CHECK(refused(text(encode(ClassicHeader{.body_bytes = -5})), take_classic_header));
}

}  // namespace
}  // namespace rmq::replication
