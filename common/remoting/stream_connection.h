// The one implementation of Connection: a TCP stream, plain or TLS, for servers and clients alike. Private to
// common/remoting.
#pragma once

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/remoting/frame_slicer.h"
#include "common/remoting/io_pool.h"
#include "common/remoting/remoting.h"
#include "common/remoting/tls.h"

namespace rmq::remoting {

// What a connection tells its owner. Every call comes on the connection's thread.
class ConnectionSink {
 public:
  virtual ~ConnectionSink() = default;
  virtual void on_open(const ConnectionPtr& connection) = 0;
  virtual void on_request(const protocol::CommandView& command, const ConnectionPtr& connection) = 0;
  virtual void on_burst_end(const ConnectionPtr& connection) = 0;
  virtual void on_closed(const ConnectionPtr& connection) = 0;
  // The server's TLS context, made when first asked for; null when TLS is off or cannot be had.
  virtual std::shared_ptr<boost::asio::ssl::context> tls_context() = 0;
};

// Shared by all connections of one server or client.
struct StreamShared {
  std::uint32_t max_frame_bytes = protocol::kMaxFrameBytes;
  std::size_t max_receive_bytes = 0;
  std::size_t max_unsent_bytes = 0;
  std::chrono::seconds idle_timeout{120};
  TlsMode tls_mode = TlsMode::kDisabled;

  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::size_t> receive_bytes{0};
  std::atomic<std::uint64_t> protocol_errors{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> received_bytes{0};
  std::atomic<std::uint64_t> sent_bytes{0};
};

class StreamConnection final : public Connection {
 public:
  using tcp = boost::asio::ip::tcp;

  StreamConnection(IoPool& pool, std::size_t thread_index, tcp::socket socket, std::shared_ptr<StreamShared> shared,
                   std::shared_ptr<ConnectionSink> sink);

  // A server's connection finds out by itself whether it is TLS; a client's is told by a context and the host's name.
  void start_server();
  void start_client(std::shared_ptr<boost::asio::ssl::context> tls, std::string host);

  using Connection::send;
  void send(OutgoingFrame frame) override;
  void call(protocol::Command request, std::chrono::milliseconds timeout, Done done) override;
  void close() override;
  void abort();  // at once, whatever is left to send
  bool is_open() const override { return !closed_.load(std::memory_order_acquire); }
  void post(std::function<void()> work) override;
  std::size_t thread_index() const override { return thread_index_; }
  const std::string& remote_address() const override { return remote_address_; }
  const std::string& local_address() const override { return local_address_; }
  std::uint64_t id() const override { return id_; }
  void on_close(std::function<void()> callback) override;

 private:
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  std::shared_ptr<StreamConnection> self() { return std::static_pointer_cast<StreamConnection>(shared_from_this()); }

  awaitable<void> run_server();
  awaitable<void> run_client(std::shared_ptr<boost::asio::ssl::context> tls, std::string host);
  awaitable<std::optional<std::string>> first_bytes();
  awaitable<bool> handshake(std::shared_ptr<boost::asio::ssl::context> tls, bool server, std::string_view first);
  awaitable<void> read_plain();
  awaitable<void> read_tls();
  awaitable<void> watch_idle();
  awaitable<void> wait_until_drained();

  bool process(std::string_view bytes);
  bool account_receive_memory();
  void opened();
  void complete_call(const protocol::CommandView& response);
  void enqueue(OutgoingFrame frame);
  void take_inbox();
  void flush();
  void written(const boost::system::error_code& code, std::size_t bytes);
  void close_now();
  void protocol_error(const Error& error);
  bool on_own_thread() const { return io_.get_executor().running_in_this_thread(); }

  IoPool& pool_;
  const std::size_t thread_index_;
  boost::asio::io_context& io_;
  tcp::socket socket_;
  std::shared_ptr<boost::asio::ssl::context> tls_context_;
  std::optional<boost::asio::ssl::stream<tcp::socket&>> tls_;
  std::shared_ptr<StreamShared> shared_;
  std::shared_ptr<ConnectionSink> sink_;
  const std::uint64_t id_;
  std::string remote_address_;
  std::string local_address_;

  FrameSlicer slicer_;
  protocol::FrameDecoder decoder_;
  std::size_t accounted_bytes_ = 0;  // of shared_->receive_bytes

  std::vector<OutgoingFrame> pending_;
  std::vector<OutgoingFrame> writing_;
  std::vector<boost::asio::const_buffer> buffers_;
  bool write_in_flight_ = false;
  bool ready_ = false;  // the handshake, if any, is done: bytes may leave
  bool in_burst_ = false;
  bool closing_ = false;
  std::atomic<bool> closed_{false};
  std::size_t unsent_bytes_ = 0;
  boost::asio::steady_timer drained_;
  boost::asio::steady_timer idle_;
  std::chrono::steady_clock::time_point last_activity_;

  std::mutex inbox_mutex_;
  std::vector<OutgoingFrame> inbox_;  // from other threads, guarded by inbox_mutex_

  struct PendingCall {
    Done done;
    boost::asio::steady_timer timer;
  };
  std::unordered_map<std::int32_t, std::shared_ptr<PendingCall>> calls_;
  std::int32_t next_opaque_ = 1;
  std::vector<std::function<void()>> close_callbacks_;
};

}  // namespace rmq::remoting
