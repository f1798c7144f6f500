#include "broker/replication/ha/guard.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace rmq::replication {
namespace {

constexpr std::string_view kMagic = "RMQG";
constexpr std::size_t kNonceBytes = 32, kProofBytes = 32;

Result<std::string> make_nonce() {
  std::string nonce(kNonceBytes, '\0');
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size())) != 1) {
    return fail(ErrorKind::kInternal, "no random numbers");
  }
  return nonce;
}

Result<std::string> proof(const std::string& secret, std::string_view side, std::string_view of_slave,
                          std::string_view of_master) {
  std::string text(side);
  text += of_slave;
  text += of_master;
  std::string mac(kProofBytes, '\0');
  unsigned int size = 0;
  if (::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(),
             reinterpret_cast<unsigned char*>(mac.data()), &size) == nullptr ||
      size != kProofBytes) {
    return fail(ErrorKind::kInternal, "HMAC failed");
  }
  return mac;
}

bool same(std::string_view one, std::string_view other) {
  return one.size() == other.size() && ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

GuardedFeed::GuardedFeed(std::unique_ptr<Feed> inner, std::string secret, std::int64_t limit_ms, const Clock& clock)
    : inner_(std::move(inner)), secret_(std::move(secret)), deadline_ms_(clock.monotonic_ms() + limit_ms) {}

Status GuardedFeed::on_bytes(std::string_view& bytes) {
  if (known_) return inner_->on_bytes(bytes);
  if (expected_.empty()) {
    if (!kMagic.starts_with(bytes.substr(0, kMagic.size()))) return fail(ErrorKind::kDenied, "no proof of the secret");
    if (bytes.size() < kMagic.size() + kNonceBytes) return {};
    const auto of_slave = bytes.substr(kMagic.size(), kNonceBytes);
    RMQ_TRY(const auto of_master, make_nonce());
    RMQ_TRY(const auto mine, proof(secret_, "master", of_slave, of_master));
    RMQ_TRY(expected_, proof(secret_, "slave", of_slave, of_master));
    answer_ = of_master + mine;
    bytes.remove_prefix(kMagic.size() + kNonceBytes);
  }
  if (bytes.size() < kProofBytes) return {};
  if (!same(bytes.substr(0, kProofBytes), expected_)) return fail(ErrorKind::kDenied, "does not know the secret");
  bytes.remove_prefix(kProofBytes);
  known_ = true;
  return bytes.empty() ? Status() : inner_->on_bytes(bytes);
}

Status GuardedFeed::next(std::string& head, store::LogSlice& body) {
  if (known_) return inner_->next(head, body);
  head.swap(answer_);
  answer_.clear();
  return {};
}

Status GuardedFollow::on_connected(std::string& out) {
  known_ = false;
  RMQ_TRY(nonce_, make_nonce());
  out += kMagic;
  out += nonce_;
  return {};
}

Status GuardedFollow::on_bytes(std::string_view& bytes, std::string& out) {
  if (known_) return inner_->on_bytes(bytes, out);
  if (bytes.size() < kNonceBytes + kProofBytes) return {};
  const auto of_master = bytes.substr(0, kNonceBytes);
  RMQ_TRY(const auto expected, proof(secret_, "master", nonce_, of_master));
  if (!same(bytes.substr(kNonceBytes, kProofBytes), expected)) {
    return fail(ErrorKind::kDenied, "the master does not know the secret");
  }
  RMQ_TRY(const auto mine, proof(secret_, "slave", nonce_, of_master));
  bytes.remove_prefix(kNonceBytes + kProofBytes);
  out += mine;
  known_ = true;
  RMQ_CHECK_OK(inner_->on_connected(out));
  return bytes.empty() ? Status() : inner_->on_bytes(bytes, out);
}

}  // namespace rmq::replication
