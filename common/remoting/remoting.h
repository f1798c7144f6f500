// Connections that carry RocketMQ's remoting protocol: what handlers see. Sockets live behind this header; the rest of
// the project never includes Asio through it.
//
// Threads: an IoPool has N threads, each with its own event loop; a connection belongs to one of them for life. A
// handler runs on its connection's thread and must not block (disk, network, long locks): work that may block goes to
// a WorkerPool (see server.h, `Execution::kWorker`).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/protocol/command.h"

namespace rmq::remoting {

// Bytes that leave after a frame's head without being copied: the memory must stay valid while `owner` is held.
struct Segment {
  std::string_view bytes;
};

// One frame on its way out. `head` holds whole encoded frames, or one frame up to its body, whose bytes are then the
// segments in order.
struct OutgoingFrame {
  std::string head;
  std::vector<Segment> segments;
  std::shared_ptr<const void> owner;  // keeps the segments' memory alive until they were written
};

// All calls are thread-safe and never block.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;

  // Queues bytes. Frames queued by several calls on the connection's own thread within one burst leave in one write.
  // Dropped silently when the connection is closed.
  virtual void send(OutgoingFrame frame) = 0;
  void send(const protocol::Command& command);

  // A request to the peer; `done` runs once on the connection's thread: the answer, kTimeout, or kUnavailable when the
  // connection closes first. The opaque of `request` is set here.
  using Done = std::function<void(Result<protocol::Command>)>;
  virtual void call(protocol::Command request, std::chrono::milliseconds timeout, Done done) = 0;
  void oneway(protocol::Command request);

  // Closes when what is queued has left.
  virtual void close() = 0;
  virtual bool is_open() const = 0;

  // Runs `work` on this connection's thread.
  virtual void post(std::function<void()> work) = 0;
  // Which thread of the IoPool this connection belongs to: an index for per-thread state.
  virtual std::size_t thread_index() const = 0;

  virtual const std::string& remote_address() const = 0;  // "ip:port"; the PROXY preamble's source if there was one
  virtual const std::string& local_address() const = 0;
  virtual std::uint64_t id() const = 0;  // unique within the process

  // Runs once when the connection has closed, on its thread; at once if it is closed already.
  virtual void on_close(std::function<void()> callback) = 0;
};
using ConnectionPtr = std::shared_ptr<Connection>;

// A request as a handler gets it; the views end when handle() returns. What answers later copies what it needs.
struct Request {
  const protocol::CommandView& command;
  const ConnectionPtr& connection;
};

// What a deferred answer needs to know of its request.
struct ReplyTo {
  ConnectionPtr connection;
  std::int32_t opaque = 0;
  protocol::SerializeType serialize_type = protocol::SerializeType::kJson;
  bool oneway = false;

  static ReplyTo of(const Request& request) {
    return {request.connection, request.command.opaque, request.command.serialize_type, request.command.is_oneway()};
  }
  // Sends `response` with the request's opaque and serialization; nothing for a one-way request.
  void send(protocol::Command response) const;
  // The head of a response frame for a body of its own making (see protocol::FrameWriter).
  protocol::FrameWriter::Head head(std::int32_t code, std::string_view remark = {}) const {
    return {code, opaque, protocol::kFlagResponse, serialize_type, remark};
  }
};

// Handles a family of request codes. One object serves all threads of the pool at once.
class Handler {
 public:
  virtual ~Handler() = default;

  virtual void handle(const Request& request) = 0;

  // All frames that one read of `connection` brought have been handled, on the same thread, with no other connection's
  // frames between: the moment to submit what was collected as one batch.
  virtual void end_of_burst(const ConnectionPtr& connection) { (void)connection; }
};

// Answers a request at once.
void reply(const Request& request, protocol::Command response);
void reply(const Request& request, std::int32_t code, std::string remark = {});

}  // namespace rmq::remoting
