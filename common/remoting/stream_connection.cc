#include "common/remoting/stream_connection.h"

#include <openssl/ssl.h>

#include "common/base/log.h"
#include "common/remoting/proxy_preamble.h"

namespace rmq::remoting {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Errors come back as values.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr char kTlsHandshakeByte = 0x16;
constexpr std::size_t kFreeReceiveBytes = 64 * 1024;  // of each connection, not counted against the shared limit
constexpr std::size_t kTlsReadBytes = 16 * 1024;
// A peer that lets this many times its limit pile up (answers to what it asked before) is not reading at all.
constexpr std::size_t kUnsentHardFactor = 8;

std::string address_text(const boost::asio::ip::tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string() + ":" + std::to_string(endpoint.port());
}

std::size_t size_of(const OutgoingFrame& frame) {
  std::size_t size = frame.head.size();
  for (const auto& segment : frame.segments) size += segment.bytes.size();
  return size;
}

}  // namespace

StreamConnection::StreamConnection(IoPool& pool, std::size_t thread_index, tcp::socket socket,
                                   std::shared_ptr<StreamShared> shared, std::shared_ptr<ConnectionSink> sink)
    : pool_(pool),
      thread_index_(thread_index),
      io_(pool.at(thread_index)),
      socket_(std::move(socket)),
      shared_(std::move(shared)),
      sink_(std::move(sink)),
      id_(shared_->next_id.fetch_add(1, std::memory_order_relaxed)),
      slicer_(shared_->max_frame_bytes),
      drained_(io_, asio::steady_timer::time_point::max()),
      idle_(io_),
      last_activity_(std::chrono::steady_clock::now()) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
  if (auto endpoint = socket_.remote_endpoint(ignored); !ignored) remote_address_ = address_text(endpoint);
  if (auto endpoint = socket_.local_endpoint(ignored); !ignored) local_address_ = address_text(endpoint);
}

void StreamConnection::start_server() {
  asio::co_spawn(
      io_, [self = self()] { return self->run_server(); }, asio::detached);
  asio::co_spawn(
      io_, [self = self()] { return self->watch_idle(); }, asio::detached);
}

void StreamConnection::start_client(std::shared_ptr<asio::ssl::context> tls, std::string host) {
  asio::co_spawn(
      io_, [self = self(), tls = std::move(tls), host = std::move(host)] { return self->run_client(tls, host); },
      asio::detached);
  asio::co_spawn(
      io_, [self = self()] { return self->watch_idle(); }, asio::detached);
}

// ---- reading

StreamConnection::awaitable<void> StreamConnection::run_server() {
  auto keep = self();
  auto first = co_await first_bytes();
  if (first && is_open()) {
    const bool tls = !first->empty() && first->front() == kTlsHandshakeByte;
    auto context = tls ? sink_->tls_context() : nullptr;
    if (tls ? context == nullptr : shared_->tls_mode == TlsMode::kEnforcing) {
      log::debug("connection refused", {{"peer", remote_address_}, {"reason", tls ? "TLS is off" : "TLS is required"}});
    } else if (!tls) {
      opened();
      if (process(*first)) co_await read_plain();
    } else if (co_await handshake(context, true, *first)) {
      opened();
      co_await read_tls();
    }
  }
  close_now();
}

StreamConnection::awaitable<void> StreamConnection::run_client(std::shared_ptr<asio::ssl::context> tls,
                                                               std::string host) {
  auto keep = self();
  if (tls) {
    tls_context_ = tls;
    tls_.emplace(socket_, *tls);
    SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
    if ((SSL_CTX_get_verify_mode(tls->native_handle()) & SSL_VERIFY_PEER) != 0) {
      tls_->set_verify_callback(asio::ssl::host_name_verification(host));
    }
    auto [code] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwait);
    if (code) {
      log::warn("TLS handshake failed", {{"peer", remote_address_}, {"error", code.message()}});
      close_now();
      co_return;
    }
  }
  opened();
  if (tls_) {
    co_await read_tls();
  } else {
    co_await read_plain();
  }
  close_now();
}

void StreamConnection::opened() {
  ready_ = true;
  sink_->on_open(shared_from_this());
  flush();
}

// Reads what decides the kind of connection, and strips a PROXY preamble. Nothing: the peer closed or sent nonsense.
StreamConnection::awaitable<std::optional<std::string>> StreamConnection::first_bytes() {
  std::string bytes;
  while (true) {
    const auto have = bytes.size();
    bytes.resize(have + 4096);
    auto [code, got] = co_await socket_.async_read_some(asio::buffer(bytes.data() + have, 4096), kAwait);
    bytes.resize(have + got);
    if (code || got == 0) co_return std::nullopt;
    last_activity_ = std::chrono::steady_clock::now();
    auto preamble = parse_proxy_preamble(bytes);
    if (!preamble) {
      protocol_error(preamble.error());
      co_return std::nullopt;
    }
    if (preamble->state == ProxyPreamble::State::kNone) co_return bytes;
    if (preamble->state == ProxyPreamble::State::kIncomplete) continue;
    if (!preamble->source.empty()) remote_address_ = preamble->source;
    bytes.erase(0, preamble->length);
    if (!bytes.empty()) co_return bytes;
    // The client's own first byte is still to come.
    bytes.resize(4096);
    auto [again, more] = co_await socket_.async_read_some(asio::buffer(bytes), kAwait);
    if (again || more == 0) co_return std::nullopt;
    bytes.resize(more);
    co_return bytes;
  }
}

StreamConnection::awaitable<bool> StreamConnection::handshake(std::shared_ptr<asio::ssl::context> tls, bool server,
                                                              std::string_view first) {
  tls_context_ = std::move(tls);
  tls_.emplace(socket_, *tls_context_);
  auto [code, used] = co_await tls_->async_handshake(
      server ? asio::ssl::stream_base::server : asio::ssl::stream_base::client, asio::buffer(first), kAwait);
  if (code) log::debug("TLS handshake failed", {{"peer", remote_address_}, {"error", code.message()}});
  co_return !code;
}

// Waits without a buffer, then reads into the thread's: an idle connection holds no memory for reading.
StreamConnection::awaitable<void> StreamConnection::read_plain() {
  char* const buffer = pool_.read_buffer(thread_index_);
  while (is_open() && !closing_) {
    auto [waited] = co_await socket_.async_wait(tcp::socket::wait_read, kAwait);
    if (waited || !is_open()) co_return;
    error_code code;
    const auto got = socket_.read_some(asio::buffer(buffer, IoPool::kReadBufferBytes), code);
    if (code == asio::error::would_block || code == asio::error::interrupted) continue;
    if (code || got == 0) co_return;
    if (!process({buffer, got})) co_return;
    if (unsent_bytes_ > shared_->max_unsent_bytes) co_await wait_until_drained();
  }
}

StreamConnection::awaitable<void> StreamConnection::read_tls() {
  const auto buffer = std::make_unique<char[]>(kTlsReadBytes);
  while (is_open() && !closing_) {
    auto [code, got] = co_await tls_->async_read_some(asio::buffer(buffer.get(), kTlsReadBytes), kAwait);
    if (code || got == 0) co_return;
    if (!process({buffer.get(), got})) co_return;
    if (unsent_bytes_ > shared_->max_unsent_bytes) co_await wait_until_drained();
  }
}

StreamConnection::awaitable<void> StreamConnection::wait_until_drained() {
  while (is_open() && unsent_bytes_ > shared_->max_unsent_bytes / 2) {
    drained_.expires_at(asio::steady_timer::time_point::max());
    co_await drained_.async_wait(kAwait);
  }
}

StreamConnection::awaitable<void> StreamConnection::watch_idle() {
  auto keep = self();
  while (is_open()) {
    idle_.expires_at(last_activity_ + shared_->idle_timeout);
    co_await idle_.async_wait(kAwait);
    if (is_open() && std::chrono::steady_clock::now() - last_activity_ >= shared_->idle_timeout) {
      log::debug("connection idle", {{"peer", remote_address_}});
      close_now();
    }
  }
}

bool StreamConnection::process(std::string_view bytes) {
  last_activity_ = std::chrono::steady_clock::now();
  shared_->received_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
  const ConnectionPtr keep = shared_from_this();
  in_burst_ = true;
  std::uint64_t requests = 0;
  auto status = slicer_.feed(bytes, [&](std::string_view frame) -> Status {
    RMQ_TRY(const auto* command, decoder_.decode(frame));
    if (command->is_response()) {
      complete_call(*command);
    } else {
      ++requests;
      sink_->on_request(*command, keep);
    }
    return {};
  });
  shared_->requests.fetch_add(requests, std::memory_order_relaxed);
  sink_->on_burst_end(keep);
  in_burst_ = false;
  flush();
  if (!status) {
    protocol_error(status.error());
    return false;
  }
  return account_receive_memory();
}

bool StreamConnection::account_receive_memory() {
  const auto held = slicer_.buffered() > kFreeReceiveBytes ? slicer_.buffered() - kFreeReceiveBytes : 0;
  if (held == accounted_bytes_) return true;
  const auto total = shared_->receive_bytes.fetch_add(held - accounted_bytes_) + held - accounted_bytes_;
  const bool grew = held > accounted_bytes_;
  accounted_bytes_ = held;
  if (!grew || total <= shared_->max_receive_bytes) return true;
  shared_->refused.fetch_add(1, std::memory_order_relaxed);
  log::warn("connection closed: receive buffers are full",
            {{"peer", remote_address_}, {"limit_bytes", shared_->max_receive_bytes}});
  return false;
}

void StreamConnection::protocol_error(const Error& error) {
  shared_->protocol_errors.fetch_add(1, std::memory_order_relaxed);
  log::debug("connection closed: protocol error", {{"peer", remote_address_}, {"error", error}});
}

// ---- writing

void StreamConnection::send(OutgoingFrame frame) {
  if (on_own_thread()) {
    enqueue(std::move(frame));
    if (!in_burst_) flush();
    return;
  }
  bool first = false;
  {
    std::lock_guard lock(inbox_mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(frame));
  }
  if (first) asio::post(io_, [self = self()] { self->take_inbox(); });
}

void StreamConnection::take_inbox() {
  std::vector<OutgoingFrame> frames;
  {
    std::lock_guard lock(inbox_mutex_);
    frames.swap(inbox_);
  }
  for (auto& frame : frames) enqueue(std::move(frame));
  flush();
}

void StreamConnection::enqueue(OutgoingFrame frame) {
  if (!is_open()) return;
  unsent_bytes_ += size_of(frame);
  // Small frames share one buffer, so a burst's answers leave as one.
  if (!pending_.empty() && pending_.back().segments.empty()) {
    pending_.back().head += frame.head;
    pending_.back().segments = std::move(frame.segments);
    pending_.back().owner = std::move(frame.owner);
  } else {
    pending_.push_back(std::move(frame));
  }
  if (unsent_bytes_ > shared_->max_unsent_bytes * kUnsentHardFactor) {
    log::warn("connection closed: peer does not read", {{"peer", remote_address_}, {"unsent_bytes", unsent_bytes_}});
    close_now();
  }
}

void StreamConnection::flush() {
  if (!ready_ || write_in_flight_ || pending_.empty() || !is_open()) return;
  writing_.swap(pending_);
  buffers_.clear();
  for (const auto& frame : writing_) {
    if (!frame.head.empty()) buffers_.emplace_back(frame.head.data(), frame.head.size());
    for (const auto& segment : frame.segments) buffers_.emplace_back(segment.bytes.data(), segment.bytes.size());
  }
  write_in_flight_ = true;
  auto done = [self = self()](const error_code& code, std::size_t bytes) { self->written(code, bytes); };
  if (tls_) {
    asio::async_write(*tls_, buffers_, std::move(done));
  } else {
    asio::async_write(socket_, buffers_, std::move(done));
  }
}

void StreamConnection::written(const error_code& code, std::size_t bytes) {
  write_in_flight_ = false;
  writing_.clear();
  unsent_bytes_ -= std::min(bytes, unsent_bytes_);
  shared_->sent_bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (code) return close_now();
  last_activity_ = std::chrono::steady_clock::now();
  if (unsent_bytes_ <= shared_->max_unsent_bytes / 2) drained_.cancel();
  if (pending_.empty()) {
    if (closing_) close_now();
    return;
  }
  flush();
}

// ---- calls to the peer

void StreamConnection::call(protocol::Command request, std::chrono::milliseconds timeout, Done done) {
  post([self = self(), request = std::move(request), timeout, done = std::move(done)]() mutable {
    if (!self->is_open()) {
      return done(fail(ErrorKind::kUnavailable, "connection to " + self->remote_address_ + " is closed"));
    }
    const auto opaque = self->next_opaque_++ & 0x7fffffff;
    request.opaque = opaque;
    auto call = std::make_shared<PendingCall>(PendingCall{std::move(done), asio::steady_timer(self->io_, timeout)});
    self->calls_.emplace(opaque, call);
    call->timer.async_wait([self, opaque](const error_code& code) {
      if (code) return;
      auto it = self->calls_.find(opaque);
      if (it == self->calls_.end()) return;
      auto expired = std::move(it->second);
      self->calls_.erase(it);
      expired->done(fail(ErrorKind::kTimeout, "no answer from " + self->remote_address_));
    });
    static_cast<Connection&>(*self).send(request);
  });
}

void StreamConnection::complete_call(const protocol::CommandView& response) {
  auto it = calls_.find(response.opaque);
  if (it == calls_.end()) return;  // too late: timed out before
  auto call = std::move(it->second);
  calls_.erase(it);
  call->timer.cancel();
  call->done(protocol::Command::from(response));
}

// ---- the end

void StreamConnection::close() {
  post([self = self()] {
    self->closing_ = true;
    if (!self->write_in_flight_ && self->pending_.empty()) self->close_now();
  });
}

void StreamConnection::abort() {
  post([self = self()] { self->close_now(); });
}

void StreamConnection::close_now() {
  if (closed_.exchange(true)) return;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  drained_.cancel();
  idle_.cancel();
  shared_->receive_bytes.fetch_sub(accounted_bytes_);
  accounted_bytes_ = 0;
  pending_.clear();
  auto calls = std::move(calls_);
  for (auto& [opaque, call] : calls) {
    call->timer.cancel();
    call->done(fail(ErrorKind::kUnavailable, "connection to " + remote_address_ + " closed"));
  }
  auto callbacks = std::move(close_callbacks_);
  for (auto& callback : callbacks) callback();
  sink_->on_closed(shared_from_this());
}

void StreamConnection::post(std::function<void()> work) {
  if (on_own_thread()) return work();
  asio::post(io_, [self = self(), work = std::move(work)] { work(); });
}

void StreamConnection::on_close(std::function<void()> callback) {
  post([self = self(), callback = std::move(callback)]() mutable {
    if (!self->is_open()) return callback();
    self->close_callbacks_.push_back(std::move(callback));
  });
}

}  // namespace rmq::remoting
