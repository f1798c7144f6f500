// Load on a name server, ours or the original's: registers brokers with topics, then asks for routes at a given rate.
// One thread, loopback only. Prints one JSON object a phase.
//
//   rmq-namesrv-load --port 9876 --pid PID --brokers 100 --topics 1000 --spread 8 --rate 100000 --seconds 10
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/histogram.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"

using namespace rmq;

namespace {

constexpr std::int64_t kTickNs = 50'000;

struct Options {
  std::uint16_t port = 9876;
  int pid = 0;
  int brokers = 100;
  int topics = 1000;            // in all
  int spread = 8;               // brokers a topic lives on; 0: all
  int connections = 8;          // that ask for routes
  int depth = 256;              // questions in flight on one of them, at most
  std::int64_t rate = 100'000;  // questions a second; 0: as many as it takes
  int seconds = 10;
  int warm_up = 3;
  int rounds = 2;  // registrations of each broker: the second brings nothing new
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "rmq-namesrv-load: %s\n", what.c_str());
  std::exit(1);
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) die("connect failed");
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int fd() const { return fd_; }
  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) die("send failed");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Reads once; calls use(answer) for each whole frame.
  template <class F>
  void read_some(int flags, F&& use) {
    char chunk[256 * 1024];
    auto got = ::recv(fd_, chunk, sizeof(chunk), flags);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) die("the server closed a connection");
    buffer_.append(chunk, static_cast<std::size_t>(got));
    std::size_t used = 0;
    for (;;) {
      auto length = protocol::frame_length(std::string_view(buffer_).substr(used));
      if (!length) die(length.error().message);
      if (*length == 0 || *length > buffer_.size() - used) break;
      auto view = decoder_.decode(std::string_view(buffer_).substr(used, *length));
      if (!view) die(view.error().message);
      use(**view);
      used += *length;
    }
    buffer_.erase(0, used);
  }

  std::deque<std::int64_t> asked_ns;  // when each unanswered question should have left

 private:
  int fd_;
  std::string buffer_;
  protocol::FrameDecoder decoder_;
};

struct Usage {
  double cpu_seconds = 0;
  long resident_kb = 0;
};
Usage usage_of(int pid) {
  Usage usage;
  if (pid == 0) return usage;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  unsigned long user = 0;
  unsigned long system = 0;
  auto after_name = line.rfind(')');
  if (after_name == std::string::npos ||
      std::sscanf(line.c_str() + after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system) != 2) {
    die("no such process");
  }
  usage.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  while (std::getline(status, line)) std::sscanf(line.c_str(), "VmRSS: %ld", &usage.resident_kb);
  return usage;
}

std::string topic_name(int topic) {
  return "bench-topic-" + std::to_string(topic);
}

std::string registration(const Options& options, int broker) {
  std::string body =
      R"({"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"stateVersion":0,)"
      R"("timestamp":1700000000000},"topicConfigTable":{)";
  bool first = true;
  for (int topic = 0; topic < options.topics; ++topic) {
    int distance = (broker - topic % options.brokers + options.brokers) % options.brokers;
    if (options.spread > 0 && distance >= options.spread) continue;
    if (!first) body += ',';
    first = false;
    auto name = topic_name(topic);
    body +=
        '"' + name +
        R"(":{"attributes":{},"order":false,"perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG","topicName":")" +
        name + R"(","topicSysFlag":0,"writeQueueNums":8})";
  }
  body += R"(},"topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{}}})";
  protocol::Command request;
  request.code = protocol::RequestCode::kRegisterBroker;
  request.language = protocol::Language::kJava;
  auto number = std::to_string(broker);
  request.set("brokerName", "bench-broker-" + number);
  request.set("brokerAddr", "10." + std::to_string(broker / 65536) + "." + std::to_string(broker / 256 % 256) + "." +
                                std::to_string(broker % 256) + ":10911");
  request.set("clusterName", "bench").set("haServerAddr", "10.0.0.1:10912").set("brokerId", std::int64_t{0});
  request.set("heartbeatTimeoutMillis", std::int64_t{3'600'000})
      .set("enableActingMaster", false)
      .set("compressed", false);
  request.set("bodyCrc32", std::int32_t{0});
  request.body = std::move(body);
  return protocol::encode(request);
}

void register_all(const Options& options, std::vector<std::unique_ptr<Peer>>& brokers, const char* phase) {
  auto before = usage_of(options.pid);
  std::size_t bytes = 0;
  std::int64_t waited = 0;
  for (int broker = 0; broker < options.brokers; ++broker) {
    if (brokers.size() <= static_cast<std::size_t>(broker)) brokers.push_back(std::make_unique<Peer>(options.port));
    auto frame = registration(options, broker);
    bytes += frame.size();
    auto start = now_ns();
    brokers[static_cast<std::size_t>(broker)]->send_all(frame);
    bool answered = false;
    while (!answered) {
      brokers[static_cast<std::size_t>(broker)]->read_some(0, [&](const protocol::CommandView& answer) {
        if (answer.code != 0) die("registration refused: " + std::string(answer.remark));
        answered = true;
      });
    }
    waited += now_ns() - start;
  }
  auto after = usage_of(options.pid);
  std::printf(
      "{\"phase\":\"%s\",\"brokers\":%d,\"topics\":%d,\"spread\":%d,\"mbytes\":%.1f,\"seconds\":%.3f,"
      "\"cpu_seconds\":%.2f,\"cpu_ms_each\":%.3f,\"rss_kb\":%ld}\n",
      phase, options.brokers, options.topics, options.spread, static_cast<double>(bytes) / 1e6,
      static_cast<double>(waited) / 1e9, after.cpu_seconds - before.cpu_seconds,
      (after.cpu_seconds - before.cpu_seconds) * 1000 / options.brokers, after.resident_kb);
  std::fflush(stdout);
}

// Open loop: a question counts from the moment it was due, however late it left.
void ask(const Options& options, int seconds, bool report) {
  std::vector<std::unique_ptr<Peer>> peers;
  int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < options.connections; ++i) {
    peers.push_back(std::make_unique<Peer>(options.port));
    epoll_event event{EPOLLIN, {.u32 = static_cast<std::uint32_t>(i)}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, peers.back()->fd(), &event);
  }
  std::vector<std::string> questions;
  for (int topic = 0; topic < options.topics; ++topic) {
    protocol::Command request;
    request.code = protocol::RequestCode::kGetRouteInfoByTopic;
    request.language = protocol::Language::kJava;
    request.set("topic", topic_name(topic)).set("acceptStandardJsonOnly", true);
    questions.push_back(protocol::encode(request));
  }

  auto histogram = std::make_unique<bench::Histogram>();
  auto before = usage_of(options.pid);
  std::int64_t start = now_ns();
  std::int64_t end = start + seconds * 1'000'000'000LL;
  std::int64_t sent = 0;
  std::int64_t answered = 0;
  std::size_t bytes = 0;
  std::uint64_t random = 88172645463325252ULL;
  std::string out;
  std::vector<epoll_event> events(64);
  bool sending = true;
  std::int64_t last_tick = 0;
  std::size_t turn = 0;
  while (sending || answered < sent) {
    auto now = now_ns();
    sending = now < end;
    if (now > end + 10'000'000'000LL) die("answers are missing");
    auto due = !sending ? sent : options.rate == 0 ? INT64_MAX : (now - start) * options.rate / 1'000'000'000;
    // At a given rate each tick's questions go out on one connection, the next tick's on the next.
    bool tick = options.rate == 0 || now - last_tick >= kTickNs;
    for (std::size_t i = 0; tick && i < (options.rate == 0 ? peers.size() : 1); ++i) {
      auto& peer = options.rate == 0 ? peers[i] : peers[turn++ % peers.size()];
      last_tick = now;
      out.clear();
      while (sent < due && peer->asked_ns.size() < static_cast<std::size_t>(options.depth)) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        out += questions[random % questions.size()];
        peer->asked_ns.push_back(options.rate == 0 ? now : start + sent * 1'000'000'000 / options.rate);
        ++sent;
      }
      if (!out.empty()) peer->send_all(out);
    }
    auto ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), options.rate == 0 ? 1 : 0);
    for (int i = 0; i < ready; ++i) {
      auto& peer = *peers[events[static_cast<std::size_t>(i)].data.u32];
      peer.read_some(MSG_DONTWAIT, [&](const protocol::CommandView& answer) {
        if (answer.code != 0) die("no route: " + std::string(answer.remark));
        histogram->add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ns() - peer.asked_ns.front())));
        peer.asked_ns.pop_front();
        bytes += answer.body.size();
        ++answered;
      });
    }
  }
  auto elapsed = static_cast<double>(now_ns() - start) / 1e9;
  auto after = usage_of(options.pid);
  ::close(epoll);
  if (!report) return;
  auto milliseconds = [&](double quantile) { return static_cast<double>(histogram->quantile(quantile)) / 1e6; };
  std::printf(
      "{\"phase\":\"routes\",\"wanted_per_second\":%lld,\"per_second\":%.0f,\"body_bytes\":%.0f,\"p50_ms\":%.3f,\"p99_"
      "ms\":%.3f,"
      "\"p999_ms\":%.3f,\"max_ms\":%.3f,\"cpu_us_each\":%.3f,\"server_cores\":%.2f,\"rss_kb\":%ld}\n",
      static_cast<long long>(options.rate), static_cast<double>(answered) / elapsed,
      static_cast<double>(bytes) / static_cast<double>(std::max<std::int64_t>(1, answered)), milliseconds(0.5),
      milliseconds(0.99), milliseconds(0.999), static_cast<double>(histogram->max()) / 1e6,
      (after.cpu_seconds - before.cpu_seconds) * 1e6 / static_cast<double>(std::max<std::int64_t>(1, answered)),
      (after.cpu_seconds - before.cpu_seconds) / elapsed, after.resident_kb);
  std::fflush(stdout);
}

Options parse(int count, char** values) {
  Options options;
  for (int i = 1; i < count; i += 2) {
    std::string flag = values[i];
    if (i + 1 == count) die(flag + " needs a value");
    auto value = std::atoll(values[i + 1]);
    auto number = static_cast<int>(value);
    if (flag == "--port")
      options.port = static_cast<std::uint16_t>(value);
    else if (flag == "--pid")
      options.pid = number;
    else if (flag == "--brokers")
      options.brokers = std::max(1, number);
    else if (flag == "--topics")
      options.topics = std::max(1, number);
    else if (flag == "--spread")
      options.spread = number;
    else if (flag == "--connections")
      options.connections = std::max(1, number);
    else if (flag == "--depth")
      options.depth = std::max(1, number);
    else if (flag == "--rate")
      options.rate = value;
    else if (flag == "--seconds")
      options.seconds = number;
    else if (flag == "--warm-up")
      options.warm_up = number;
    else if (flag == "--rounds")
      options.rounds = number;
    else
      die("unknown flag " + flag);
  }
  return options;
}

}  // namespace

int main(int count, char** values) {
  auto options = parse(count, values);
  rlimit files{65536, 65536};
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::printf("{\"phase\":\"idle\",\"rss_kb\":%ld}\n", usage_of(options.pid).resident_kb);
  std::vector<std::unique_ptr<Peer>> brokers;
  for (int round = 0; round < options.rounds; ++round)
    register_all(options, brokers, round == 0 ? "register" : "unchanged");
  if (options.seconds > 0) {
    ask(options, options.warm_up, false);
    ask(options, options.seconds, true);
    auto saturated = options;
    saturated.rate = 0;
    ask(saturated, options.seconds, true);
  }
  return 0;
}
