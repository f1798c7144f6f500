#include "common/remoting/tls_context.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/ssl.hpp>

namespace rmq::remoting {
namespace {

namespace ssl = boost::asio::ssl;
using Context = std::shared_ptr<ssl::context>;
using boost::system::error_code;

constexpr long kOneYearSeconds = 365L * 24 * 3600;

Status check(const error_code& code, const std::string& what) {
  if (code) return fail(ErrorKind::kInvalid, "TLS: " + what + ": " + code.message());
  return {};
}

Status use_self_signed(ssl::context& context) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  if (!key || !certificate) return fail(ErrorKind::kInternal, "TLS: cannot make a key");
  X509* x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), 0);
  X509_gmtime_adj(X509_getm_notAfter(x509), kOneYearSeconds);
  X509_set_pubkey(x509, key.get());
  X509_NAME* name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("rocketmq"), -1, -1, 0);
  X509_set_issuer_name(x509, name);
  if (X509_sign(x509, key.get(), EVP_sha256()) == 0 || SSL_CTX_use_certificate(context.native_handle(), x509) != 1 ||
      SSL_CTX_use_PrivateKey(context.native_handle(), key.get()) != 1) {
    return fail(ErrorKind::kInternal, "TLS: cannot make a self-signed certificate");
  }
  return {};
}

Status load_identity(ssl::context& context, const TlsOptions& options) {
  error_code code;
  if (!options.key_password.empty()) {
    context.set_password_callback(
        [password = options.key_password](std::size_t, ssl::context::password_purpose) { return password; }, code);
    RMQ_CHECK_OK(check(code, "set key password"));
  }
  context.use_certificate_chain_file(options.certificate_path, code);
  RMQ_CHECK_OK(check(code, "load certificate " + options.certificate_path));
  context.use_private_key_file(options.key_path, ssl::context::pem, code);
  return check(code, "load key " + options.key_path);
}

Status load_trust(ssl::context& context, const TlsOptions& options) {
  if (options.trust_path.empty()) return {};
  error_code code;
  context.load_verify_file(options.trust_path, code);
  return check(code, "load trusted certificates " + options.trust_path);
}

Context new_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

Result<Context> make_server_context(const TlsOptions& options) {
  auto context = new_context(ssl::context::tls_server);
  if (options.certificate_path.empty()) {
    RMQ_CHECK_OK(use_self_signed(*context));
  } else {
    RMQ_CHECK_OK(load_identity(*context, options));
  }
  RMQ_CHECK_OK(load_trust(*context, options));
  error_code code;
  switch (options.client_auth) {
    case ClientAuth::kNone: context->set_verify_mode(ssl::verify_none, code); break;
    case ClientAuth::kOptional: context->set_verify_mode(ssl::verify_peer, code); break;
    case ClientAuth::kRequire:
      context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, code);
      break;
  }
  RMQ_CHECK_OK(check(code, "set verification"));
  return context;
}

Result<Context> make_client_context(const TlsOptions& options) {
  auto context = new_context(ssl::context::tls_client);
  if (!options.certificate_path.empty()) RMQ_CHECK_OK(load_identity(*context, options));
  RMQ_CHECK_OK(load_trust(*context, options));
  error_code code;
  context->set_verify_mode(options.verify_peer ? ssl::verify_peer : ssl::verify_none, code);
  RMQ_CHECK_OK(check(code, "set verification"));
  return context;
}

}  // namespace rmq::remoting
