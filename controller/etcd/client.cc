#include "controller/etcd/client.h"

#include <httplib.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/net_address.h"

namespace rmq::etcd {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kPage = 500;

Result<std::string> checked_endpoint(std::string_view text) {
  const bool tls = text.starts_with("https://");
  if (!tls && !text.starts_with("http://")) {
    return fail(ErrorKind::kInvalid, "an endpoint starts with http:// or https://: " + std::string(text));
  }
  std::string_view rest = text.substr(tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/ @?#") != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "an endpoint is scheme, host and port only: " + std::string(text));
  }
  RMQ_TRY(const auto address, parse_address(rest));
  return std::string(tls ? "https://" : "http://") + address.text();
}

// The gateway writes 64-bit numbers as strings; a field that is not there is 0.
std::int64_t number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (!found->is_string()) return 0;
  const auto& text = found->get_ref<const std::string&>();
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool flag(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

Result<std::string> bytes(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return fail(ErrorKind::kIo, std::string("etcd: ") + key + " is no string");
  return decode_base64(found->get_ref<const std::string&>());
}

Result<KeyValue> key_value(const json& object) {
  if (!object.is_object()) return fail(ErrorKind::kIo, "etcd: a key is no object");
  KeyValue result;
  RMQ_TRY(result.key, bytes(object, "key"));
  RMQ_TRY(result.value, bytes(object, "value"));
  result.mod_revision = number(object, "mod_revision");
  result.create_revision = number(object, "create_revision");
  return result;
}

const json& list(const json& object, const char* key) {
  static const json kNone = json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

// The key after all that start with `prefix`, as etcd's range_end wants it.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty()) {
    if (static_cast<unsigned char>(prefix.back()) != 0xff) {
      ++prefix.back();
      return prefix;
    }
    prefix.pop_back();
  }
  return std::string(1, '\0');  // everything
}

json compares_json(const std::vector<Compare>& compares) {
  json result = json::array();
  for (const auto& c : compares) {
    const bool mod = c.target == Compare::Target::kModRevision;
    result.push_back({{"key", encode_base64(c.key)},
                      {"result", "EQUAL"},
                      {"target", mod ? "MOD" : "CREATE"},
                      {mod ? "mod_revision" : "create_revision", std::to_string(c.equals)}});
  }
  return result;
}

// An answer of etcd's that is not 200, by its gRPC code (google.rpc.Code).
Error refusal(int status, const std::string& body) {
  int code = 0;
  std::string message = body.substr(0, 300);
  if (auto document = parse_json(body); document && document->is_object()) {
    code = static_cast<int>(number(*document, "code"));
    if (const auto text = document->find("error"); text != document->end() && text->is_string()) message = *text;
  }
  auto kind = ErrorKind::kIo;
  if (code == 3) kind = ErrorKind::kInvalid;
  if (code == 5) kind = ErrorKind::kNotFound;
  if (code == 7 || code == 16) kind = ErrorKind::kDenied;
  if (code == 4 || code == 14) kind = ErrorKind::kTimeout;  // no leader, or lost it meanwhile: perhaps done
  return Error{kind, "etcd: HTTP " + std::to_string(status) + ": " + message};
}

}  // namespace

Status validate(const ClientOptions& options) {
  if (options.endpoints.empty()) return fail(ErrorKind::kInvalid, "no etcd endpoint is given");
  for (const auto& endpoint : options.endpoints) {
    if (auto checked = checked_endpoint(endpoint); !checked) return fail(checked.error());
  }
  if (options.cert_file.empty() != options.key_file.empty()) {
    return fail(ErrorKind::kInvalid, "a client certificate needs its key, and a key its certificate");
  }
  for (const auto& file : {options.ca_file, options.cert_file, options.key_file}) {
    if (file.empty()) continue;
    if (auto text = read_file(file); !text) return fail(text.error());
  }
  return {};
}

struct Client::Impl {
  ClientOptions options;
  SystemClock clock;
  std::size_t current = 0;  // the endpoint that answered last
  std::unique_ptr<httplib::Client> http;

  httplib::Client& connected() {
    if (http) return *http;
    const auto endpoint = checked_endpoint(options.endpoints[current]).value_or("http://127.0.0.1:1");
    http = options.cert_file.empty() ? std::make_unique<httplib::Client>(endpoint)
                                     : std::make_unique<httplib::Client>(endpoint, options.cert_file, options.key_file);
    if (!options.ca_file.empty()) http->set_ca_cert_path(options.ca_file.c_str());
    http->enable_server_certificate_verification(true);
    http->set_keep_alive(true);
    http->set_tcp_nodelay(true);
    http->set_connection_timeout(options.connect_timeout);
    return *http;
  }
  void next_endpoint() {
    http.reset();
    current = (current + 1) % options.endpoints.size();
  }
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
}
Client::~Client() = default;

Result<json> Client::call(const std::string& path, const json& body, bool repeatable) {
  const auto text = body.dump();
  const auto deadline = impl_->clock.monotonic_ms() + impl_->options.call_timeout.count();
  Error last{ErrorKind::kUnavailable, "etcd: no endpoint tried"};
  // Twice around: a connection kept alive may have been closed by the other side meanwhile.
  for (std::size_t attempt = 0; attempt < 2 * impl_->options.endpoints.size(); ++attempt) {
    const auto left = deadline - impl_->clock.monotonic_ms();
    if (left <= 0) break;
    auto& http = impl_->connected();
    http.set_connection_timeout(std::min(milliseconds(left), impl_->options.connect_timeout));
    http.set_read_timeout(milliseconds(left));
    http.set_write_timeout(milliseconds(left));
    const auto endpoint = impl_->options.endpoints[impl_->current];
    auto answer = http.Post(path.c_str(), text, "application/json");
    if (answer && answer->status == 200) {
      auto document = parse_json(answer->body);
      if (!document || !document->is_object()) return fail(ErrorKind::kIo, "etcd: an answer that is no JSON object");
      return std::move(*document);
    }
    bool perhaps_done = true;
    if (answer) {
      last = refusal(answer->status, answer->body);
      if (last.kind != ErrorKind::kTimeout && last.kind != ErrorKind::kIo) return fail(std::move(last));
    } else {
      const auto error = answer.error();
      perhaps_done = error != httplib::Error::Connection && error != httplib::Error::ConnectionTimeout &&
                     error != httplib::Error::SSLConnection && error != httplib::Error::SSLServerVerification &&
                     error != httplib::Error::SSLLoadingCerts && error != httplib::Error::BindIPAddress;
      last = Error{perhaps_done ? ErrorKind::kTimeout : ErrorKind::kUnavailable,
                   "etcd: " + endpoint + path + ": " + httplib::to_string(error)};
    }
    impl_->next_endpoint();
    if (perhaps_done && !repeatable) return fail(std::move(last));
  }
  return fail(std::move(last));
}

Result<std::vector<KeyValue>> Client::range_prefix(const std::string& prefix) {
  std::vector<KeyValue> result;
  std::string from = prefix;
  const auto end = encode_base64(after_prefix(prefix));
  while (true) {
    RMQ_TRY(const auto answer,
            call("/v3/kv/range", {{"key", encode_base64(from)}, {"range_end", end}, {"limit", kPage}}, true));
    for (const auto& item : list(answer, "kvs")) {
      RMQ_TRY(auto found, key_value(item));
      result.push_back(std::move(found));
    }
    if (!flag(answer, "more") || result.empty()) return result;
    from = result.back().key + '\0';
  }
}

Result<KeyValue> Client::get(const std::string& key) {
  RMQ_TRY(const auto answer, call("/v3/kv/range", {{"key", encode_base64(key)}}, true));
  const auto& found = list(answer, "kvs");
  if (found.empty()) return KeyValue{key, {}, 0, 0};
  return key_value(found.front());
}

Result<TxnOutcome> Client::put_if(const std::vector<Compare>& compares, const std::string& key, std::string_view value,
                                  std::int64_t lease) {
  json put = {{"key", encode_base64(key)}, {"value", encode_base64(value)}};
  if (lease != 0) put["lease"] = std::to_string(lease);
  const json body = {
      {"compare", compares_json(compares)},
      {"success", json::array({{{"request_put", put}}})},
      {"failure", json::array({{{"request_range", {{"key", encode_base64(key)}}}}})},
  };
  RMQ_TRY(const auto answer, call("/v3/kv/txn", body, false));
  TxnOutcome outcome;
  outcome.succeeded = flag(answer, "succeeded");
  if (outcome.succeeded) {
    const auto header = answer.find("header");
    if (header != answer.end() && header->is_object()) outcome.revision = number(*header, "revision");
    if (outcome.revision <= 0) return fail(ErrorKind::kIo, "etcd: a write without a revision");
    return outcome;
  }
  outcome.actual.key = key;
  for (const auto& response : list(answer, "responses")) {
    const auto range = response.is_object() ? response.find("response_range") : response.end();
    if (range == response.end() || !range->is_object()) continue;
    for (const auto& item : list(*range, "kvs")) {
      RMQ_TRY(outcome.actual, key_value(item));
    }
  }
  return outcome;
}

Status Client::delete_if(const std::vector<Compare>& compares, const std::string& key) {
  const json body = {
      {"compare", compares_json(compares)},
      {"success", json::array({{{"request_delete_range", {{"key", encode_base64(key)}}}}})},
  };
  RMQ_TRY(const auto answer, call("/v3/kv/txn", body, false));
  if (!flag(answer, "succeeded")) return fail(ErrorKind::kConflict, "etcd: " + key + " has changed");
  return {};
}

Result<std::int64_t> Client::grant_lease(std::chrono::seconds ttl) {
  // Granted twice at worst; the other one runs out by itself.
  RMQ_TRY(const auto answer, call("/v3/lease/grant", {{"TTL", std::to_string(ttl.count())}, {"ID", "0"}}, true));
  const auto id = number(answer, "ID");
  if (id == 0) return fail(ErrorKind::kIo, "etcd: a lease without an id");
  return id;
}

Result<std::int64_t> Client::keep_lease_alive(std::int64_t lease) {
  RMQ_TRY(const auto answer, call("/v3/lease/keepalive", {{"ID", std::to_string(lease)}}, true));
  const auto result = answer.find("result");  // a stream of one
  return result != answer.end() && result->is_object() ? number(*result, "TTL") : 0;
}

Status Client::revoke_lease(std::int64_t lease) {
  RMQ_TRY(const auto answer, call("/v3/lease/revoke", {{"ID", std::to_string(lease)}}, true));
  (void)answer;
  return {};
}

}  // namespace rmq::etcd
