// Who we are and whom we trust, re-read from their files: tokens of service accounts live an hour and are replaced in
// place, and so may certificates and authorities be.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/kube/config.h"

namespace rmq::kube {

// PEM texts, as a TLS context is made from them.
struct TlsMaterial {
  std::string ca;  // empty: the system's authorities
  std::string certificate;
  std::string key;
  bool insecure = false;

  bool operator==(const TlsMaterial&) const = default;
};

struct CredentialState {
  std::string token;  // empty: none
  TlsMaterial tls;
  std::uint64_t tls_generation = 1;  // grows when `tls` changes
};

// Thread-safe. The clock must outlive it.
class Credentials {
 public:
  static constexpr std::int64_t kReloadMs = 60'000;
  // After an answer 401 or a failed handshake they are read at once, but not more often than this.
  static constexpr std::int64_t kLeastReloadMs = 1'000;

  Credentials(ClientConfig config, const Clock& clock) : config_(std::move(config)), clock_(clock) {}

  // The credentials of now, read again if a minute has passed. If a file cannot be read any more, what was read
  // before stays in use; an error only if nothing was ever read.
  Result<CredentialState> current();

  // The server rejected them or we rejected the server: read again at the next use.
  void doubt();

 private:
  Result<CredentialState> load() const;

  const ClientConfig config_;
  const Clock& clock_;
  std::mutex mutex_;
  CredentialState state_;
  bool loaded_ = false;
  bool doubted_ = false;
  std::int64_t loaded_at_ms_ = 0;
};

}  // namespace rmq::kube
