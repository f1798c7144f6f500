#include "operator/kube/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <optional>

#include "common/base/base64.h"
#include "common/base/file.h"

namespace rmq::kube {
namespace {

// A named entry and the directory its relative paths start from.
struct Entry {
  YAML::Node node;
  std::string directory;
};

struct Document {
  YAML::Node root;
  std::string directory;
};

std::string text_of(const YAML::Node& node, const char* key) {
  const YAML::Node value = node[key];
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

bool is_true(const YAML::Node& node, const char* key) {
  return text_of(node, key) == "true";
}

// `list` is "clusters", "users" or "contexts", `member` the name of what an entry holds.
Result<Entry> find_entry(const std::vector<Document>& documents, const char* list, const char* member,
                         const std::string& name) {
  for (const auto& document : documents) {
    const YAML::Node entries = document.root[list];
    if (!entries || !entries.IsSequence()) continue;
    for (const auto& entry : entries) {
      if (!entry.IsMap() || text_of(entry, "name") != name) continue;
      const YAML::Node inner = entry[member];
      if (inner && inner.IsMap()) return Entry{inner, document.directory};
      return Entry{YAML::Node(YAML::NodeType::Map), document.directory};
    }
  }
  return fail(ErrorKind::kInvalid, std::string("no entry '") + name + "' in " + list);
}

std::string resolve(const std::string& directory, const std::string& path) {
  if (path.empty() || path[0] == '/' || directory.empty()) return path;
  return directory + "/" + path;
}

// `key` names a file, `key`-data the bytes themselves; the bytes win, as in client-go.
Result<BytesOrFile> bytes_or_file(const Entry& entry, const char* key) {
  BytesOrFile out;
  const std::string data = text_of(entry.node, (std::string(key) + "-data").c_str());
  if (!data.empty()) {
    auto bytes = decode_base64(data);
    if (!bytes) return fail(std::move(bytes).error().with(std::string(key) + "-data"));
    out.bytes = std::move(*bytes);
    return out;
  }
  out.path = resolve(entry.directory, text_of(entry.node, key));
  return out;
}

Status read_cluster(ClientConfig& config, const Entry& entry) {
  const std::string server = text_of(entry.node, "server");
  if (server.empty()) return fail(ErrorKind::kInvalid, "the cluster has no server");
  RMQ_CHECK_OK(set_server(config, server));
  if (!text_of(entry.node, "proxy-url").empty()) return fail(ErrorKind::kUnsupported, "proxy-url");
  config.server_name = text_of(entry.node, "tls-server-name");
  config.insecure = is_true(entry.node, "insecure-skip-tls-verify");
  RMQ_TRY(config.ca, bytes_or_file(entry, "certificate-authority"));
  if (config.insecure && !config.ca.empty()) {
    return fail(ErrorKind::kInvalid, "insecure-skip-tls-verify together with a certificate authority");
  }
  return {};
}

Status read_user(ClientConfig& config, const Entry& entry) {
  for (const char* key : {"exec", "auth-provider", "username", "as"}) {
    if (entry.node[key]) return fail(ErrorKind::kUnsupported, std::string("user with ") + key);
  }
  RMQ_TRY(config.client_certificate, bytes_or_file(entry, "client-certificate"));
  RMQ_TRY(config.client_key, bytes_or_file(entry, "client-key"));
  if (config.client_certificate.empty() != config.client_key.empty()) {
    return fail(ErrorKind::kInvalid, "client certificate and key come together");
  }
  // A token file wins over a token: client-go re-reads it, so the inline one may be old.
  config.token.path = resolve(entry.directory, text_of(entry.node, "tokenFile"));
  if (config.token.path.empty()) config.token.bytes = text_of(entry.node, "token");
  return {};
}

Result<ClientConfig> read_documents(const std::vector<Document>& documents, std::string_view wanted) {
  std::string name(wanted);
  for (const auto& document : documents) {
    if (name.empty()) name = text_of(document.root, "current-context");
  }
  if (name.empty()) return fail(ErrorKind::kInvalid, "no current-context");
  RMQ_TRY(const auto context, find_entry(documents, "contexts", "context", name));
  RMQ_TRY(const auto cluster, find_entry(documents, "clusters", "cluster", text_of(context.node, "cluster")));

  ClientConfig config;
  RMQ_CHECK_OK(read_cluster(config, cluster));
  if (const auto user_name = text_of(context.node, "user"); !user_name.empty()) {
    RMQ_TRY(const auto user, find_entry(documents, "users", "user", user_name));
    RMQ_CHECK_OK(read_user(config, user));
  }
  if (auto ns = text_of(context.node, "namespace"); !ns.empty()) config.ns = std::move(ns);
  return config;
}

}  // namespace

Result<ClientConfig> parse_kubeconfig(const std::vector<KubeconfigText>& files, std::string_view context) {
  try {
    std::vector<Document> documents;
    for (const auto& file : files) {
      YAML::Node root = YAML::Load(file.text);
      if (root.IsNull()) continue;
      if (!root.IsMap()) return fail(ErrorKind::kInvalid, "kubeconfig: not a map");
      documents.push_back({root, file.directory});
    }
    auto config = read_documents(documents, context);
    if (!config) return fail(std::move(config).error().with("kubeconfig"));
    return config;
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::kInvalid, std::string("kubeconfig: ") + error.what());
  }
}

Result<ClientConfig> load_kubeconfig(const std::vector<std::string>& paths, std::string_view context) {
  std::vector<KubeconfigText> files;
  std::optional<Error> missing;
  for (const auto& path : paths) {
    auto text = read_file(path, 16 * 1024 * 1024);
    if (text) {
      files.push_back({std::move(*text), std::filesystem::path(path).parent_path().string()});
    } else if (text.error().kind == ErrorKind::kNotFound) {
      missing = text.error();
    } else {
      return fail(std::move(text).error().with("kubeconfig"));
    }
  }
  if (files.empty() && missing) return fail(missing->with("kubeconfig"));
  return parse_kubeconfig(files, context);
}

}  // namespace rmq::kube
