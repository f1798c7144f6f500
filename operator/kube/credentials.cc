#include "operator/kube/credentials.h"

#include "common/base/log.h"

namespace rmq::kube {

Result<CredentialState> Credentials::load() const {
  CredentialState next;
  RMQ_TRY(next.token, config_.token.read());
  while (!next.token.empty() && (next.token.back() == '\n' || next.token.back() == '\r' || next.token.back() == ' ')) {
    next.token.pop_back();
  }
  // It goes into a header line: nothing in it may end that line.
  for (const char c : next.token) {
    if (c < 0x21 || c > 0x7e) return fail(ErrorKind::kInvalid, "the token holds a character that no header may hold");
  }
  RMQ_TRY(next.tls.ca, config_.ca.read());
  RMQ_TRY(next.tls.certificate, config_.client_certificate.read());
  RMQ_TRY(next.tls.key, config_.client_key.read());
  next.tls.insecure = config_.insecure;
  return next;
}

Result<CredentialState> Credentials::current() {
  std::lock_guard lock(mutex_);
  const auto now = clock_.monotonic_ms();
  const auto age = now - loaded_at_ms_;
  if (loaded_ && age < kReloadMs && !(doubted_ && age >= kLeastReloadMs)) return state_;

  auto next = load();
  if (!next) {
    auto error = std::move(next).error().with("credentials");
    if (!loaded_) return fail(std::move(error));
    log::warn("credentials cannot be read again, the former ones stay in use", {{"error", error}});
    loaded_at_ms_ = now;
    return state_;
  }
  next->tls_generation = state_.tls_generation + (loaded_ && next->tls != state_.tls ? 1 : 0);
  state_ = std::move(*next);
  loaded_ = true;
  doubted_ = false;
  loaded_at_ms_ = now;
  return state_;
}

void Credentials::doubt() {
  std::lock_guard lock(mutex_);
  doubted_ = true;
}

}  // namespace rmq::kube
