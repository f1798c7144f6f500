// TLS on the protocol's port. Keys as the original's tls.properties has them.
#pragma once

#include <cstdint>
#include <string>

namespace rmq::remoting {

enum class TlsMode : std::uint8_t {
  kDisabled,    // a TLS hello closes the connection
  kPermissive,  // both, told apart by the first byte (0x16); the original's default
  kEnforcing,   // plain connections are closed
};

enum class ClientAuth : std::uint8_t { kNone, kOptional, kRequire };

struct TlsOptions {
  TlsMode mode = TlsMode::kPermissive;
  std::string certificate_path;  // PEM chain; empty: a self-signed certificate is made at the first TLS connection
  std::string key_path;          // PEM, PKCS#8
  std::string key_password;
  std::string trust_path;  // PEM bundle that the peer's certificate is checked against
  ClientAuth client_auth = ClientAuth::kNone;
  bool verify_peer = false;  // client side: check the server's certificate against trust_path
};

}  // namespace rmq::remoting
