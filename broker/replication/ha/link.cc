#include "broker/replication/ha/link.h"

#include <algorithm>

#include "common/base/log.h"

namespace rmq::replication {

Link::Link(Socket socket, std::unique_ptr<Feed> feed, store::CommitLog& log, EndBell& bell, const Clock& clock,
           std::int64_t stall_ms)
    : socket_(std::move(socket)),
      feed_(std::move(feed)),
      log_(log),
      clock_(clock),
      stall_ms_(stall_ms),
      seat_(bell, waker_),
      last_read_ms_(clock.monotonic_ms()),
      last_progress_ms_(last_read_ms_) {}

Link::~Link() {
  ask_to_stop();
  if (thread_.joinable()) thread_.join();
}

void Link::start() {
  thread_ = std::thread([this] { run(); });
}

void Link::ask_to_stop() {
  stopping_.store(true, std::memory_order_release);
  waker_.wake();
}

void Link::run() {
  const auto status = serve();
  socket_.close();
  feed_->on_closed();
  if (!status && !stopping_.load(std::memory_order_acquire)) {
    log::info("replication: slave's connection closed", {{"peer", peer()}, {"why", status.error()}});
  }
  finished_.store(true, std::memory_order_release);
}

Status Link::serve() {
  while (!stopping_.load(std::memory_order_acquire)) {
    bool heard = false, blocked = false;
    RMQ_CHECK_OK(read_all(heard));
    seen_end_ = log_.max_offset();
    RMQ_CHECK_OK(send_some(blocked));
    const auto now = clock_.monotonic_ms();
    if (now >= feed_->silence_ends(last_read_ms_)) return fail(ErrorKind::kTimeout, "silent for too long");
    if (blocked && now >= last_progress_ms_ + stall_ms_) return fail(ErrorKind::kTimeout, "takes nothing any more");
    if (blocked || !pending()) sleep(blocked);
  }
  return {};
}

Status Link::read_all(bool& anything) {
  char block[kReadBytes];
  while (true) {
    RMQ_TRY(const auto got, socket_.read(block, sizeof block));
    if (got == 0) return {};
    anything = true;
    last_read_ms_ = clock_.monotonic_ms();
    in_.append(block, got);
    std::string_view bytes = in_;
    RMQ_CHECK_OK(feed_->on_bytes(bytes));
    in_.erase(0, in_.size() - bytes.size());
    if (got < sizeof block) return {};
  }
}

// At most one head and body, so that acknowledgements never wait long.
Status Link::send_some(bool& blocked) {
  if (!pending()) RMQ_CHECK_OK(fetch());
  while (pending()) {
    std::size_t sent = 0;
    const auto body_left = body_.size - body_sent_;
    if (head_sent_ < head_.size()) {
      iovec parts[2] = {{head_.data() + head_sent_, head_.size() - head_sent_}, {}};
      const bool together = body_left > 0 && body_left <= kCopyLimit;
      if (together) {
        const auto view = body_.owner->view(body_.owner->start() + body_.file_offset + body_sent_,
                                            body_.owner->start() + body_.file_offset + body_.size);
        parts[1] = {const_cast<char*>(view.data()), view.size()};
      }
      RMQ_TRY(sent, socket_.write(std::span(parts, together ? 2 : 1), body_left > 0 && !together));
    } else {
      RMQ_TRY(sent, socket_.send_file(body_.fd, body_.file_offset + body_sent_, body_left));
    }
    if (sent == 0) {
      blocked = true;
      return {};
    }
    last_progress_ms_ = clock_.monotonic_ms();
    const auto of_head = std::min(sent, head_.size() - head_sent_);
    head_sent_ += of_head;
    body_sent_ += sent - of_head;
    if (sent > of_head) feed_->on_sent(sent - of_head);
  }
  body_ = {};
  return {};
}

Status Link::fetch() {
  head_.clear();
  body_ = {};
  head_sent_ = body_sent_ = 0;
  RMQ_CHECK_OK(feed_->next(head_, body_));
  if (head_.empty()) return {};
  last_progress_ms_ = clock_.monotonic_ms();
  return {};
}

void Link::sleep(bool blocked) {
  const auto now = clock_.monotonic_ms();
  auto until = feed_->silence_ends(last_read_ms_);
  if (blocked) {
    until = std::min(until, last_progress_ms_ + stall_ms_);
  } else {
    // Something was sent in this round: perhaps there is more.
    if (!head_.empty() || !seat_.arm(seen_end_)) return;
    until = std::min(until, feed_->wake_at());
  }
  (void)wait_ready(socket_.fd(), blocked, waker_, std::max<std::int64_t>(0, until - now));
  seat_.disarm();
}

}  // namespace rmq::replication
