#include "operator/manager/options.h"

#include <charconv>
#include <optional>
#include <utility>

namespace rmq::operator_ {
namespace {

// The next argument's value; for yes-or-no flags without one, "true".
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& all) : all_(all) {}

  bool next() {
    if (at_ == all_.size()) return false;
    const auto& text = all_[at_++];
    auto equals = text.find('=');
    name_ = text.substr(0, equals);
    inline_value_.reset();
    if (equals != std::string::npos) inline_value_ = text.substr(equals + 1);
    return true;
  }
  const std::string& name() const { return name_; }

  Result<std::string> value() {
    if (inline_value_) return *inline_value_;
    if (at_ == all_.size()) return fail(ErrorKind::kInvalid, name_ + " needs a value");
    return all_[at_++];
  }
  Result<bool> yes_or_no() const {
    auto text = inline_value_.value_or("true");
    if (text == "true") return true;
    if (text == "false") return false;
    return fail(ErrorKind::kInvalid, name_ + " must be true or false, not '" + text + "'");
  }

 private:
  const std::vector<std::string>& all_;
  std::size_t at_ = 0;
  std::string name_;
  std::optional<std::string> inline_value_;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    auto comma = text.find(',');
    if (auto part = text.substr(0, comma); !part.empty()) parts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

Result<NetAddress> parse_listen_address(const std::string& text) {
  const bool any = text.starts_with(":");
  auto address = parse_address(any ? "0.0.0.0" + text : text);
  if (!address) return fail(ErrorKind::kInvalid, "--metrics-address must be host:port or :port, not '" + text + "'");
  if (any) address->host.clear();
  return address;
}

// "19100-19499", or one port.
Result<std::pair<std::uint16_t, std::uint16_t>> parse_ports(const std::string& text) {
  const auto dash = text.find('-');
  const auto number = [](std::string_view part) -> std::uint16_t {
    std::uint16_t value = 0;
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc() && end == part.data() + part.size() ? value : 0;
  };
  const std::string_view all = text;
  const auto first = number(all.substr(0, dash));
  const auto last = dash == std::string::npos ? first : number(all.substr(dash + 1));
  if (first == 0 || last < first) {
    return fail(ErrorKind::kInvalid, "--controller-ports must be FIRST-LAST, from 1 to 65535, not '" + text + "'");
  }
  return std::pair(first, last);
}

Result<unsigned> parse_workers(const std::string& text) {
  unsigned count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > 64) {
    return fail(ErrorKind::kInvalid, "--workers must be from 1 to 64, not '" + text + "'");
  }
  return count;
}

}  // namespace

std::string_view help_text() {
  return R"(rocketmq-operator: looks after RocketMQCluster resources.

  --kubeconfig FILE          how to reach the API server (default: $KUBECONFIG, the pod's service account,
                             ~/.kube/config)
  --context NAME             a context of it other than the current one
  --namespaces A,B           only clusters of these namespaces (default: all); also --namespace
  --leader-elect[=BOOL]      wait until no other operator leads (default: false)
  --leader-lease NS/NAME     the lease for it (default: rocketmq-operator in the configuration's namespace)
  --metrics-address HOST:PORT  /metrics, /healthz and /readyz (default: :8080)
  --image-repository NAME    clusters that name no images of their own get NAME/namesrv and NAME/broker
  --image-tag TAG            ... with this tag
  --network-policies[=BOOL]  make network policies for each cluster (default: false)
  --metrics-namespaces A,B   who may read health and metrics through them besides the cluster itself
  --controller-ports A-B     where brokers with replicas reach us, a port a cluster (default: any free one)
  --controller-address IP    ... and at which address (default: $POD_IP, or the one that leads to the API server)
  --workers N                clusters that are worked on at the same time (default: 2)
  --log-level LEVEL          debug, info, warn or error (default: info)
  --probe URL                asks an http:// URL once; exits with 0 if it answers 200 (default: not)
  --version, -h, --help
)";
}

Result<Options> parse_options(const std::vector<std::string>& all) {
  Options options;
  Arguments arguments(all);
  while (arguments.next()) {
    const auto& name = arguments.name();
    if (name == "-h" || name == "--help") {
      options.help = true;
    } else if (name == "--version") {
      options.version = true;
    } else if (name == "--leader-elect") {
      RMQ_TRY(options.leader_elect, arguments.yes_or_no());
    } else if (name == "--network-policies") {
      RMQ_TRY(options.defaults.network_policies, arguments.yes_or_no());
    } else if (name == "--kubeconfig") {
      RMQ_TRY(options.kubeconfig, arguments.value());
    } else if (name == "--context") {
      RMQ_TRY(options.context, arguments.value());
    } else if (name == "--namespaces" || name == "--namespace") {
      RMQ_TRY(auto text, arguments.value());
      options.namespaces = split(text);
    } else if (name == "--leader-lease") {
      RMQ_TRY(options.leader_lease, arguments.value());
    } else if (name == "--metrics-address") {
      RMQ_TRY(auto text, arguments.value());
      RMQ_TRY(options.metrics, parse_listen_address(text));
    } else if (name == "--image-repository") {
      RMQ_TRY(options.defaults.repository, arguments.value());
    } else if (name == "--image-tag") {
      RMQ_TRY(options.defaults.version, arguments.value());
    } else if (name == "--metrics-namespaces") {
      RMQ_TRY(auto text, arguments.value());
      options.defaults.metrics_namespaces = split(text);
    } else if (name == "--controller-address") {
      RMQ_TRY(options.controller_address, arguments.value());
    } else if (name == "--controller-ports") {
      RMQ_TRY(auto text, arguments.value());
      RMQ_TRY(auto ports, parse_ports(text));
      options.first_controller_port = ports.first;
      options.last_controller_port = ports.second;
    } else if (name == "--workers") {
      RMQ_TRY(auto text, arguments.value());
      RMQ_TRY(options.workers, parse_workers(text));
    } else if (name == "--log-level") {
      RMQ_TRY(auto text, arguments.value());
      RMQ_TRY(options.log_level, log::parse_level(text));
    } else if (name == "--probe") {
      RMQ_TRY(options.probe, arguments.value());
    } else {
      return fail(ErrorKind::kInvalid, "unknown flag " + name + " (see --help)");
    }
  }
  return options;
}

}  // namespace rmq::operator_
