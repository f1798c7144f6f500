// etcd's v3 API through its JSON gateway (POST /v3/..., etcd 3.4 and later), as much of it as a Controller needs:
// ranges, one-put transactions with comparisons, leases. Blocking; every call is bounded by options.call_timeout.
//
// Not thread-safe: one object a thread. Source: etcd's rpc.proto; keys and values travel as base64, 64-bit numbers as
// JSON strings, false and 0 not at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace rmq::etcd {

struct ClientOptions {
  std::vector<std::string> endpoints;  // "http://host:port" or "https://host:port"; tried in turn
  std::string ca_file;                 // https: PEM; empty: the system's authorities
  std::string cert_file;               // https: our certificate and key, PEM; empty: none
  std::string key_file;
  std::chrono::milliseconds connect_timeout{1000};  // an endpoint's; then the next is tried
  std::chrono::milliseconds call_timeout{3000};     // of a whole call, all endpoints together
};

// kInvalid names what is wrong with an endpoint or which file can't be read.
Status validate(const ClientOptions& options);

struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t mod_revision = 0;  // 0: there is no such key
  std::int64_t create_revision = 0;
};

struct Compare {
  enum class Target { kModRevision, kCreateRevision };
  std::string key;
  Target target = Target::kModRevision;
  std::int64_t equals = 0;  // 0: the key does not exist
};

struct TxnOutcome {
  bool succeeded = false;
  std::int64_t revision = 0;  // the put key's mod revision, if it succeeded
  KeyValue actual;            // if it did not: the put key as it is instead
};

// Errors: kUnavailable - certainly not done (nobody reached); kTimeout, kIo - perhaps done; kDenied, kInvalid,
// kNotFound - etcd said so, not done.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // All keys that start with `prefix`, linearizable, in pages of 500.
  Result<std::vector<KeyValue>> range_prefix(const std::string& prefix);
  // mod_revision 0 if there is none.
  Result<KeyValue> get(const std::string& key);
  // If all comparisons hold: puts the key (lease 0: for ever). Else tells what the key is. Never sent twice.
  Result<TxnOutcome> put_if(const std::vector<Compare>& compares, const std::string& key, std::string_view value,
                            std::int64_t lease = 0);
  Status delete_if(const std::vector<Compare>& compares, const std::string& key);

  Result<std::int64_t> grant_lease(std::chrono::seconds ttl);
  // The seconds it lasts from now on; 0: it has expired.
  Result<std::int64_t> keep_lease_alive(std::int64_t lease);
  Status revoke_lease(std::int64_t lease);

 private:
  struct Impl;
  Result<nlohmann::json> call(const std::string& path, const nlohmann::json& body, bool repeatable);

  std::unique_ptr<Impl> impl_;
};

}  // namespace rmq::etcd
