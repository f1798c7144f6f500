// OpenSSL contexts out of TlsOptions. Private to common/remoting.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "common/base/result.h"
#include "common/remoting/tls.h"

namespace rmq::remoting {

// TLS 1.2 or newer. Without a certificate path a self-signed one (P-256, one year) is made in memory, as the original's
// test mode does: encryption without authentication.
Result<std::shared_ptr<boost::asio::ssl::context>> make_server_context(const TlsOptions& options);
Result<std::shared_ptr<boost::asio::ssl::context>> make_client_context(const TlsOptions& options);

}  // namespace rmq::remoting
