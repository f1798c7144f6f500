// Nanoseconds per header, decoded and encoded. Run by hand in a release build; not a test.
#include <chrono>
#include <cstdio>
#include <string>

#include "common/protocol/command.h"
#include "common/protocol/headers/send.h"

namespace {

using rmq::protocol::Command;
using rmq::protocol::FrameDecoder;
using rmq::protocol::SerializeType;

template <class F>
void measure(const char* name, F&& body) {
  double best = 1e18;
  for (int round = 0; round < 7; ++round) {
    constexpr int kTimes = 200'000;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) body();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTimes);
  }
  std::printf("%-24s %7.1f ns\n", name, best);
}

Command send_message(SerializeType type) {
  Command command;
  command.code = 310;
  command.opaque = 4711;
  command.serialize_type = type;
  command.set("a", "benchmark_producer").set("b", "BenchmarkTest").set("c", "TBW102").set("d", 4).set("e", 3);
  command.set("f", 0).set("g", std::int64_t{1'700'000'000'123}).set("h", 0);
  command.set("i",
              "UNIQ_KEY\x01"
              "AC1100029A3C18B4AAC2071EC7C20000\x02WAIT\x01true\x02TAGS\x01TagA\x02");
  command.set("j", 0).set("k", false).set("m", false).set("n", "broker-a");
  command.body.assign(128, 'x');
  return command;
}

}  // namespace

int main() {
  std::size_t sink = 0;
  for (const auto type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    const bool json = type == SerializeType::kJson;
    const auto command = send_message(type);
    const auto frame = rmq::protocol::encode(command);
    FrameDecoder decoder;
    measure(json ? "decode json" : "decode binary", [&] { sink += (*decoder.decode(frame))->ext_fields.size(); });
    const auto& view = **decoder.decode(frame);
    measure("  its typed header", [&] { sink += rmq::protocol::decode_send_header(view)->properties.size(); });
    std::string out;
    measure(json ? "encode json" : "encode binary", [&] {
      out.clear();
      rmq::protocol::encode(command, out);
      sink += out.size();
    });
  }
  return sink == 0;
}
