#include <doctest/doctest.h>

#include "broker/send/host_bytes.h"
#include "broker/send/message_properties_scan.h"

using namespace rmq;
using namespace rmq::broker;

TEST_CASE("properties scan: what a send looks for, in one pass") {
  const auto plain = scan_properties("UNIQ_KEY\x01K1\x02WAIT\x01true\x02");
  CHECK(plain.uniq_key == "K1");
  CHECK(plain.wait_stored);
  CHECK_FALSE(plain.broker_marks);
  CHECK_FALSE(plain.transaction);
  CHECK_FALSE(plain.timer);
  CHECK(scan_properties("DELAY\x01"
                        "3")
            .delay_level == "3");
  CHECK_FALSE(scan_properties("WAIT\x01"
                              "false\x02")
                  .wait_stored);
  CHECK(scan_properties("TRAN_MSG\x01true\x02").transaction);
  CHECK(scan_properties("TIMER_DELAY_SEC\x01"
                        "5\x02")
            .timer);
  CHECK(scan_properties("CLUSTER\x01x\x02").broker_marks);
  CHECK(scan_properties("").uniq_key.empty());
  CHECK(scan_properties("\x01\x02\x02\x01").uniq_key.empty());
}

TEST_CASE("host bytes: address and port as records carry them") {
  CHECK(*host_bytes("127.0.0.1:10911") == std::string("\x7f\0\0\1\0\0\x2a\x9f", 8));
  CHECK(host_bytes("::1:80")->size() == 20);
  CHECK_FALSE(host_bytes("name:80"));
  CHECK_FALSE(host_bytes("127.0.0.1"));
}
