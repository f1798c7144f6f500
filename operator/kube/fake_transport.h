// For tests: a Transport whose server is a function.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "operator/kube/api_server.h"
#include "operator/kube/event_loop.h"
#include "operator/kube/transport.h"

namespace rmq::kube::testing {

// The answer to one request; it may be given bit by bit and later, from any thread.
class Reply {
 public:
  Reply(EventLoop& loop, ExchangeHandlers handlers) : loop_(loop), handlers_(std::move(handlers)) {}

  void head(int status, int retry_after = 0) {
    loop_.post([self = self_(), status, retry_after] {
      if (!self->ended_) self->handlers_.on_head({status, std::chrono::seconds(retry_after)});
    });
  }
  void body(std::string bytes) {
    loop_.post([self = self_(), bytes = std::move(bytes)] {
      if (self->ended_) return;
      if (!self->handlers_.on_body(bytes)) self->finish(fail(ErrorKind::kUnavailable, "stopped by the reader"));
    });
  }
  void end(Status status = {}) {
    loop_.post([self = self_(), status] { self->finish(status); });
  }
  // A whole answer.
  void answer(int status, const std::string& text, int retry_after = 0) {
    head(status, retry_after);
    body(text);
    end();
  }
  void bind(std::weak_ptr<Reply> self) { weak_ = std::move(self); }

 private:
  std::shared_ptr<Reply> self_() { return weak_.lock(); }
  void finish(Status status) {
    if (std::exchange(ended_, true)) return;
    handlers_.on_end(std::move(status));
  }

  EventLoop& loop_;
  ExchangeHandlers handlers_;
  bool ended_ = false;
  std::weak_ptr<Reply> weak_;
};
using ReplyPtr = std::shared_ptr<Reply>;

class FakeTransport final : public Transport {
 public:
  using Serve = std::function<void(const HttpRequest&, const ReplyPtr&)>;
  FakeTransport(EventLoop& loop, Serve serve) : loop_(loop), serve_(std::move(serve)) {}

  std::uint64_t start(HttpRequest request, ExchangeHandlers handlers) override {
    const auto id = next_id_++;
    auto reply = std::make_shared<Reply>(loop_, std::move(handlers));
    reply->bind(reply);
    bool closed;
    {
      std::lock_guard lock(mutex_);
      closed = closed_;
      replies_[id] = reply;
    }
    if (closed) {
      reply->end(fail(ErrorKind::kUnavailable, "closed"));
    } else {
      loop_.post([this, request = std::move(request), reply] { serve_(request, reply); });
    }
    return id;
  }
  void cancel(std::uint64_t id) override {
    std::lock_guard lock(mutex_);
    if (const auto found = replies_.find(id); found != replies_.end()) {
      found->second->end(fail(ErrorKind::kUnavailable, "cancelled"));
    }
  }
  Status set_tls(const TlsMaterial&) override { return {}; }
  void close() override {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (auto& [id, reply] : replies_) reply->end(fail(ErrorKind::kUnavailable, "closed"));
  }

 private:
  EventLoop& loop_;
  const Serve serve_;
  std::mutex mutex_;
  bool closed_ = false;
  std::map<std::uint64_t, ReplyPtr> replies_;
  std::atomic<std::uint64_t> next_id_{1};
};

inline std::unique_ptr<ApiServer> fake_server(FakeTransport::Serve serve, const Clock& clock,
                                              ClientConfig config = {}) {
  auto loop = std::make_unique<EventLoop>();
  auto transport = std::make_unique<FakeTransport>(*loop, std::move(serve));
  return std::make_unique<ApiServer>(std::move(loop), std::move(transport), std::move(config), clock);
}

// Waits for what other threads bring about.
class Eventually {
 public:
  template <class Change>
  void change(Change&& change) {
    {
      std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition&& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace rmq::kube::testing
