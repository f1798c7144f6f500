#include "operator/kube/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace rmq::kube {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
using Certificate = std::unique_ptr<X509, X509Deleter>;
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;

tl::unexpected<Error> fail_ssl(ErrorKind kind, const std::string& what) {
  char text[160] = "unknown";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof(text));
  ERR_clear_error();
  return fail(kind, what + ": " + text);
}

Bio memory_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The next certificate of a PEM text, or nullptr at its end.
Certificate next_certificate(BIO* bio) {
  Certificate out(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  if (!out) ERR_clear_error();
  return out;
}

// Never asks anybody: an encrypted key is an error.
int no_password(char*, int, int, void*) {
  return 0;
}

Status add_authorities(SSL_CTX* context, const std::string& pem) {
  auto bio = memory_bio(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (auto certificate = next_certificate(bio.get())) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1)
      return fail_ssl(ErrorKind::kInvalid, "certificate authority");
    ++count;
  }
  if (count == 0) return fail(ErrorKind::kInvalid, "certificate authority: no certificate in it");
  // Each certificate given is trusted by itself, also one that another has signed (as in Go).
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

Status use_client_certificate(SSL_CTX* context, const TlsMaterial& material) {
  auto bio = memory_bio(material.certificate);
  auto leaf = next_certificate(bio.get());
  if (!leaf) return fail(ErrorKind::kInvalid, "client certificate: no certificate in it");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return fail_ssl(ErrorKind::kInvalid, "client certificate");
  while (auto intermediate = next_certificate(bio.get())) {
    if (SSL_CTX_add1_chain_cert(context, intermediate.get()) != 1) {
      return fail_ssl(ErrorKind::kInvalid, "client certificate chain");
    }
  }
  auto key_bio = memory_bio(material.key);
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail_ssl(ErrorKind::kInvalid, "client key");
  }
  return {};
}

bool is_ip_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

void SslContextDeleter::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

Result<SslContext> make_client_context(const TlsMaterial& material) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail_ssl(ErrorKind::kInternal, "TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // an idle watch holds no record buffers
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), material.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof(kHttp11) - 1);
  if (!material.ca.empty()) {
    RMQ_CHECK_OK(add_authorities(context.get(), material.ca));
  } else if (!material.insecure && SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return fail_ssl(ErrorKind::kInvalid, "the system's certificate authorities");
  }
  if (!material.certificate.empty()) RMQ_CHECK_OK(use_client_certificate(context.get(), material));
  return context;
}

Status expect_server(SSL* ssl, const std::string& host) {
  if (is_ip_address(host)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1) return {};
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1) return {};
  }
  return fail_ssl(ErrorKind::kInternal, "expected server name " + host);
}

std::string verify_error(const SSL* ssl) {
  const long code = SSL_get_verify_result(ssl);
  return code == X509_V_OK ? std::string() : X509_verify_cert_error_string(code);
}

}  // namespace rmq::kube
