#include "common/protocol/body/register_broker.h"

#include <zlib.h>

#include <algorithm>

#include "common/base/bytes.h"
#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {
namespace {

constexpr std::int32_t kVersion500 = 413;

void append_part(std::string& out, std::string_view part) {
  append_be(out, static_cast<std::int32_t>(part.size()));
  out += part;
}

std::string_view read_part(ByteReader& reader) {
  return reader.read_bytes(reader.read<std::int32_t>());
}

// Ends the stream however its scope is left.
struct InflateStream {
  z_stream z{};
  bool ready = inflateInit(&z) == Z_OK;
  InflateStream() = default;
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;
  ~InflateStream() {
    if (ready) inflateEnd(&z);
  }
};

}  // namespace

Result<std::string> inflate_bounded(std::string_view bytes, const InflateLimits& limits) {
  const std::size_t by_ratio = std::max(limits.free_bytes, bytes.size() * limits.max_ratio);
  const std::size_t max = std::min(limits.max_bytes, by_ratio);
  InflateStream stream;
  if (!stream.ready) return fail(ErrorKind::kInternal, "zlib does not start");
  if (bytes.size() > std::numeric_limits<uInt>::max()) return fail(ErrorKind::kInvalid, "compressed body too large");
  stream.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.z.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  char chunk[16 * 1024];
  for (;;) {
    stream.z.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.z.avail_out = sizeof(chunk);
    const int code = inflate(&stream.z, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) return fail(ErrorKind::kInvalid, "compressed body is broken or cut off");
    out.append(chunk, sizeof(chunk) - stream.z.avail_out);
    if (out.size() > max) return fail(ErrorKind::kInvalid, "compressed body inflates past its limit");
    if (code == Z_STREAM_END) return out;
  }
}

Result<std::string> deflate_best(std::string_view bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, '\0');
  const int code = compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                             static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  if (code != Z_OK) return fail(ErrorKind::kInternal, "zlib does not compress");
  out.resize(size);
  return out;
}

Result<RegisterBrokerBody> parse_compressed_register_broker(std::string_view bytes, std::int32_t broker_version,
                                                            const InflateLimits& limits) {
  RMQ_TRY(const auto plain, inflate_bounded(bytes, limits));
  RegisterBrokerBody result;
  auto& tables = result.topic_config;
  ByteReader reader(plain);
  const auto broken = [] { return fail(ErrorKind::kInvalid, "compressed body: lengths do not fit"); };

  const auto version = read_part(reader);
  const auto topics = reader.read<std::int32_t>();
  if (!reader.ok() || topics < 0) return broken();
  RMQ_TRY(tables.data_version, parse_body<DataVersion>(version));
  for (std::int32_t i = 0; i < topics; ++i) {
    const auto text = read_part(reader);
    if (!reader.ok()) return broken();
    RMQ_TRY(auto config, parse_topic_text(text));
    auto name = config.topic_name;
    tables.topics.insert_or_assign(std::move(name), std::move(config));
  }
  const auto filter_servers = read_part(reader);
  if (!reader.ok()) return broken();
  // The original goes on without a list that it cannot read.
  if (const auto list = parse_fastjson(filter_servers); list && list->is_array()) {
    for (const auto& item : *list) {
      if (item.is_string()) result.filter_servers.push_back(item.get<std::string>());
    }
  }
  if (broker_version < kVersion500 || reader.remaining() == 0) return result;
  const auto mappings = reader.read<std::int32_t>();
  if (!reader.ok() || mappings < 0) return broken();
  for (std::int32_t i = 0; i < mappings; ++i) {
    const auto json = read_part(reader);
    if (!reader.ok()) return broken();
    RMQ_TRY(auto info, parse_body<TopicQueueMappingInfo>(json));
    auto topic = info.topic;
    tables.mapping_infos.insert_or_assign(std::move(topic), std::move(info));
  }
  return result;
}

Result<std::string> compress_register_broker(const RegisterBrokerBody& body) {
  const auto& tables = body.topic_config;
  std::string plain;
  append_part(plain, to_body(tables.data_version));
  append_be(plain, static_cast<std::int32_t>(tables.topics.size()));
  std::string text;
  for (const auto& [name, config] : tables.topics) {
    text.clear();
    append_topic_text(text, config);
    append_part(plain, text);
  }
  text.clear();
  body::Writer(text, JsonStyle::kFastjson).value(body.filter_servers);
  append_part(plain, text);
  append_be(plain, static_cast<std::int32_t>(tables.mapping_infos.size()));
  for (const auto& [topic, info] : tables.mapping_infos) append_part(plain, to_body(info));
  return deflate_best(plain);
}

RMQ_JSON_BODY(RegisterBrokerBody);

}  // namespace rmq::protocol
