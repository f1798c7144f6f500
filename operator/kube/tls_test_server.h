// For tests: certificates made on the spot, and a TLS server on 127.0.0.1 whose every connection runs a script. Written
// on OpenSSL and plain sockets, so that it shares no code with the transport it tests.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/file.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct x509_st X509;

namespace rmq::kube::testing {

struct TestIdentity {
  std::string certificate;  // PEM
  std::string key;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  const std::string& certificate() const { return pem_; }
  // `names` as OpenSSL writes subject alternative names: "DNS:localhost,IP:127.0.0.1".
  TestIdentity issue(const std::string& common_name, const std::string& names);

 private:
  EVP_PKEY* key_;
  X509* certificate_;
  std::string pem_;
  long serial_ = 1;
};

class TestConnection {
 public:
  TestConnection(SSL* ssl, int fd) : ssl_(ssl), fd_(fd) {}
  // One request: head and body. "" when the client has gone.
  std::string read_request();
  bool write(const std::string& bytes);
  // Sends a whole answer 200 with that body, keeping the connection.
  bool answer(const std::string& body, const std::string& status = "200 OK", const std::string& headers = "");
  void reset();  // when the script returns, the connection ends with a TCP RST
  // Waits until the client closes (or sends more).
  void wait_for_client();
  std::string client_name() const;  // of its certificate; "" without one

 private:
  SSL* ssl_;
  int fd_;
  std::string pending_;
};

class TlsTestServer {
 public:
  using Script = std::function<void(TestConnection&)>;
  // client_ca "": no client certificate is asked for.
  TlsTestServer(const TestIdentity& identity, Script script, const std::string& client_ca = "");
  ~TlsTestServer();
  TlsTestServer(const TlsTestServer&) = delete;
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_loop();

  SSL_CTX* context_;
  const Script script_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace rmq::kube::testing
