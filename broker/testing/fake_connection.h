// A connection without a socket: tests of handlers and of client management look at what was sent over it.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/protocol/command.h"
#include "common/remoting/remoting.h"

namespace rmq::broker::testing {

class FakeConnection final : public remoting::Connection {
 public:
  explicit FakeConnection(std::uint64_t id, std::string remote = "10.0.0.9:50000")
      : id_(id), remote_(std::move(remote)) {}

  using Connection::send;
  void send(remoting::OutgoingFrame frame) override {
    std::string bytes = std::move(frame.head);
    for (const auto& segment : frame.segments) bytes += segment.bytes;
    std::lock_guard lock(mutex_);
    sent_ += bytes;
  }
  void call(protocol::Command request, std::chrono::milliseconds, Done done) override {
    if (answerer_) return done(answerer_(request));
    done(fail(ErrorKind::kTimeout, "nobody there"));
  }
  // What the peer answers from now on; without it, calls time out.
  void answer_calls(std::function<protocol::Command(const protocol::Command&)> answerer) {
    answerer_ = std::move(answerer);
  }
  void close() override {
    std::vector<std::function<void()>> callbacks;
    {
      std::lock_guard lock(mutex_);
      open_ = false;
      callbacks.swap(callbacks_);
    }
    for (auto& callback : callbacks) callback();
  }
  bool is_open() const override { return open_; }
  void post(std::function<void()> work) override { work(); }
  std::size_t thread_index() const override { return 0; }
  const std::string& remote_address() const override { return remote_; }
  const std::string& local_address() const override { return local_; }
  std::uint64_t id() const override { return id_; }
  void on_close(std::function<void()> callback) override {
    {
      std::lock_guard lock(mutex_);
      if (open_) {
        callbacks_.push_back(std::move(callback));
        return;
      }
    }
    callback();
  }

  // What was sent since the last call, frame by frame.
  std::vector<protocol::Command> take() {
    std::string bytes;
    {
      std::lock_guard lock(mutex_);
      bytes.swap(sent_);
    }
    std::vector<protocol::Command> commands;
    protocol::FrameDecoder decoder;
    for (std::string_view rest = bytes; !rest.empty();) {
      auto length = protocol::frame_length(rest);
      if (!length || *length == 0) break;
      auto view = decoder.decode(rest.substr(0, *length));
      if (!view) break;
      commands.push_back(protocol::Command::from(**view));
      rest.remove_prefix(*length);
    }
    return commands;
  }

 private:
  const std::uint64_t id_;
  const std::string remote_;
  const std::string local_ = "10.0.0.1:10911";
  std::function<protocol::Command(const protocol::Command&)> answerer_;
  std::atomic<bool> open_{true};
  std::mutex mutex_;
  std::string sent_;
  std::vector<std::function<void()>> callbacks_;
};

}  // namespace rmq::broker::testing
