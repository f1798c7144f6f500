#include "common/base/host_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

namespace rmq {
namespace {

HostResolver::Addresses look_up(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* first = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &first); code != 0) {
    return fail(ErrorKind::kUnavailable, "resolve " + host + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
  std::set<std::string> found;
  for (const auto* entry = first; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST] = {};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
      found.insert(text);
    }
  }
  if (found.empty()) return fail(ErrorKind::kUnavailable, "resolve " + host + ": no address");
  return std::vector<std::string>(found.begin(), found.end());
}

HostResolver::Addresses ask_dns(const std::string& host) {
  return look_up(host, 0);
}

}  // namespace

struct HostResolver::State {
  explicit State(LookUp function) : look_up(function) {}

  const LookUp look_up;
  std::mutex mutex;
  std::map<std::string, std::vector<Done>> waiting;  // by name; an entry: its lookup is under way
};

HostResolver::HostResolver() : HostResolver(&ask_dns) {}
HostResolver::HostResolver(LookUp look_up) : state_(std::make_shared<State>(look_up)) {}

void HostResolver::resolve(const std::string& host, Done done) {
  if (const auto numeric = look_up(host, AI_NUMERICHOST)) return done(numeric);
  {
    std::lock_guard lock(state_->mutex);
    const auto [entry, fresh] = state_->waiting.try_emplace(host);
    entry->second.push_back(std::move(done));
    if (!fresh) return;
  }
  // Signals belong to main().
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([state = state_, host] {
    const auto answer = state->look_up(host);
    std::vector<Done> waiting;
    {
      std::lock_guard lock(state->mutex);
      waiting = std::move(state->waiting.extract(host).mapped());
    }
    for (const auto& tell : waiting) tell(answer);
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HostResolver::Addresses HostResolver::resolve_and_wait(const std::string& host, std::chrono::milliseconds limit) {
  struct Question {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<Addresses> answer;
  };
  auto question = std::make_shared<Question>();
  resolve(host, [question](const Addresses& answer) {
    {
      std::lock_guard lock(question->mutex);
      question->answer = answer;
    }
    question->answered.notify_all();
  });
  std::unique_lock lock(question->mutex);
  if (!question->answered.wait_for(lock, limit, [&] { return question->answer.has_value(); })) {
    return fail(ErrorKind::kTimeout, "resolve " + host + ": no answer in time");
  }
  return *question->answer;
}

}  // namespace rmq
