// OpenSSL contexts for talking to an API server: TLS 1.2 or newer, the server verified by host name or IP address.
#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "operator/kube/credentials.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace rmq::kube {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const;
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

// kInvalid if a PEM text does not parse or the key does not fit the certificate.
Result<SslContext> make_client_context(const TlsMaterial& material);

// Sets what the server's certificate must name (an IP address: as a subject alternative name of that type; the
// subject's common name never counts) and the name sent to the server.
Status expect_server(SSL* ssl, const std::string& host);

// Why the last handshake did not trust the server; "" if it did.
std::string verify_error(const SSL* ssl);

}  // namespace rmq::kube
