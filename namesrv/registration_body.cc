#include "namesrv/registration_body.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "common/base/bytes.h"
#include "namesrv/json_cursor.h"

namespace rmq::namesrv {
namespace {

constexpr std::int32_t kVersion3_0_11 = 37;
constexpr std::int32_t kVersion5_0_0 = 413;
constexpr char kZlibFirstByte = 0x78;  // no JSON starts so

DataVersion read_version(JsonCursor& cursor) {
  DataVersion version;
  cursor.object([&](std::string_view key) {
    if (key == "stateVersion") {
      version.state_version = cursor.integer();
    } else if (key == "timestamp") {
      version.timestamp = cursor.integer();
    } else if (key == "counter") {
      version.counter = cursor.integer();
    } else {
      cursor.skip();
    }
  });
  return version;
}

// Reads a member of TopicConfig or QueueData; false if it is none of theirs.
bool read_shape_member(JsonCursor& cursor, std::string_view key, QueueShape& shape) {
  if (key == "readQueueNums") {
    shape.read_queues = static_cast<std::int32_t>(cursor.integer());
  } else if (key == "writeQueueNums") {
    shape.write_queues = static_cast<std::int32_t>(cursor.integer());
  } else if (key == "perm") {
    shape.perm = static_cast<std::int16_t>(cursor.integer());
  } else if (key == "topicSysFlag") {
    shape.sys_flag = static_cast<std::int16_t>(cursor.integer());
  } else {
    return false;
  }
  return true;
}

QueueMapping read_mapping(JsonCursor& cursor) {
  QueueMapping mapping;
  cursor.object([&](std::string_view key) {
    if (key == "topic") {
      mapping.topic = cursor.string();
    } else if (key == "scope") {
      mapping.scope = cursor.string();
    } else if (key == "bname") {
      mapping.broker_name = cursor.string();
    } else if (key == "totalQueues") {
      mapping.total_queues = static_cast<std::int32_t>(cursor.integer());
    } else if (key == "epoch") {
      mapping.epoch = cursor.integer();
    } else if (key == "dirty") {
      mapping.dirty = cursor.boolean();
    } else if (key == "currIdMap") {
      cursor.object([&](std::string_view id) {
        std::int32_t logic = 0;
        std::from_chars(id.data(), id.data() + id.size(), logic);
        mapping.current_ids.emplace_back(logic, static_cast<std::int32_t>(cursor.integer()));
      });
    } else {
      cursor.skip();
    }
  });
  std::sort(mapping.current_ids.begin(), mapping.current_ids.end());
  return mapping;
}

std::vector<std::string> read_strings(JsonCursor& cursor) {
  std::vector<std::string> strings;
  cursor.array([&] { strings.emplace_back(cursor.string()); });
  return strings;
}

void read_topics(JsonCursor& cursor, std::vector<TopicShape>& topics) {
  cursor.object([&](std::string_view name) {
    TopicShape topic{name, {}};
    cursor.object([&](std::string_view key) {
      if (key == "topicName") {
        if (auto text = cursor.string(); !text.empty()) topic.name = text;
      } else if (!read_shape_member(cursor, key, topic.shape)) {
        cursor.skip();
      }
    });
    topics.push_back(topic);
  });
}

void read_wrapper(JsonCursor& cursor, RegistrationBody& out) {
  cursor.object([&](std::string_view key) {
    if (key == "topicConfigTable") {
      read_topics(cursor, out.topics);
    } else if (key == "dataVersion") {
      out.version = read_version(cursor);
    } else if (key == "topicQueueMappingInfoMap") {
      cursor.object([&](std::string_view) { out.mappings.push_back(read_mapping(cursor)); });
    } else {
      cursor.skip();
    }
  });
}

Status decode_plain(std::string_view body, bool wrapper_only, RegistrationBody& out) {
  JsonCursor cursor(body, out.arena);
  if (wrapper_only) {
    read_wrapper(cursor, out);
  } else {
    cursor.object([&](std::string_view key) {
      if (key == "topicConfigSerializeWrapper") {
        read_wrapper(cursor, out);
      } else if (key == "filterServerList") {
        if (cursor.null()) return;
        out.filter_servers = read_strings(cursor);
      } else {
        cursor.skip();
      }
    });
  }
  if (!cursor.ok() || !cursor.at_end()) return fail(ErrorKind::kInvalid, "body is no registration");
  return {};
}

Status inflate(std::string_view bytes, std::string& out) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK) return fail(ErrorKind::kInternal, "zlib");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int status = Z_OK;
  std::size_t size = 0;
  while (status == Z_OK && size < kMaxInflatedBytes) {
    out.resize(std::min(kMaxInflatedBytes, std::max<std::size_t>(4096, size + std::max(size, bytes.size()))));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    status = ::inflate(&stream, Z_NO_FLUSH);
    auto now = out.size() - stream.avail_out;
    if (now == size && status == Z_OK) status = Z_BUF_ERROR;  // torn
    size = now;
  }
  ::inflateEnd(&stream);
  out.resize(size);
  if (status == Z_STREAM_END) return {};
  return fail(ErrorKind::kInvalid,
              size >= kMaxInflatedBytes ? "compressed body is too large" : "compressed body is torn or corrupt");
}

// "name readQueues writeQueues perm filterType [attributes]"
bool parse_topic_text(std::string_view text, TopicShape& topic) {
  std::string_view parts[5];
  for (auto& part : parts) {
    if (text.data() == nullptr) return false;
    auto space = text.find(' ');
    part = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  auto number = [](std::string_view part, auto& to) {
    std::int32_t value = 0;
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    to = static_cast<std::remove_reference_t<decltype(to)>>(value);
    return error == std::errc{} && end == part.data() + part.size();
  };
  topic.name = parts[0];
  return !topic.name.empty() && !parts[4].empty() && number(parts[1], topic.shape.read_queues) &&
         number(parts[2], topic.shape.write_queues) && number(parts[3], topic.shape.perm);
}

Status decode_compressed(std::string_view body, std::int32_t peer_version, RegistrationBody& out) {
  RMQ_CHECK_OK(inflate(body, out.inflated));
  ByteReader reader(out.inflated);
  auto block = [&] { return reader.read_bytes(reader.read<std::int32_t>()); };
  auto bad = [](std::string_view what) {
    return fail(ErrorKind::kInvalid, "compressed body: bad " + std::string(what));
  };

  RMQ_TRY(out.version, decode_data_version(block()));
  auto count = reader.read<std::int32_t>();
  if (count < 0 || static_cast<std::size_t>(count) > reader.remaining() / 4) return bad("topic count");
  out.topics.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    TopicShape topic;
    if (!parse_topic_text(block(), topic)) return bad("topic");
    out.topics.push_back(topic);
  }
  if (auto servers = block(); !servers.empty()) {
    JsonCursor cursor(servers, out.arena);
    auto list = read_strings(cursor);
    if (cursor.ok()) out.filter_servers = std::move(list);  // the original only logs when it can't read them
  }
  if (peer_version >= kVersion5_0_0) {
    count = reader.read<std::int32_t>();
    if (count < 0 || static_cast<std::size_t>(count) > reader.remaining() / 4) return bad("mapping count");
    for (std::int32_t i = 0; i < count; ++i) {
      JsonCursor cursor(block(), out.arena);
      out.mappings.push_back(read_mapping(cursor));
      if (!cursor.ok()) return bad("mapping");
    }
  }
  return reader.ok() ? Status{} : bad("length");
}

}  // namespace

Status decode_registration(std::string_view body, bool compressed, std::int32_t peer_version, RegistrationBody& out) {
  if (body.empty()) return {};
  // Brokers of 5.x with compressedRegister=true compress the body and say they did not.
  compressed = compressed || body.front() == kZlibFirstByte;
  if (peer_version < kVersion3_0_11) {
    RMQ_CHECK_OK(decode_plain(body, true, out));
  } else if (compressed) {
    RMQ_CHECK_OK(decode_compressed(body, peer_version, out));
  } else {
    RMQ_CHECK_OK(decode_plain(body, false, out));
  }
  for (const auto& topic : out.topics) {
    if (topic.name.empty() || topic.name.size() > kMaxNameBytes) {
      return fail(ErrorKind::kInvalid, "topic name of " + std::to_string(topic.name.size()) + " bytes");
    }
  }
  return {};
}

Result<DataVersion> decode_data_version(std::string_view json) {
  std::deque<std::string> arena;
  JsonCursor cursor(json, arena);
  auto version = read_version(cursor);
  if (!cursor.ok() || !cursor.at_end()) return fail(ErrorKind::kInvalid, "body is no DataVersion");
  return version;
}

std::string encode_data_version(const DataVersion& version) {
  return "{\"counter\":" + std::to_string(version.counter) +
         ",\"stateVersion\":" + std::to_string(version.state_version) +
         ",\"timestamp\":" + std::to_string(version.timestamp) + "}";
}

Result<std::vector<QueueDataEntry>> decode_queue_datas(std::string_view json, std::deque<std::string>& arena) {
  std::vector<QueueDataEntry> entries;
  JsonCursor cursor(json, arena);
  cursor.object([&](std::string_view member) {
    if (member != "queueDatas") return cursor.skip();
    cursor.array([&] {
      QueueDataEntry entry{{}, {0, 0, 0, 0}};
      cursor.object([&](std::string_view key) {
        if (key == "brokerName") {
          entry.broker_name = cursor.string();
        } else if (!read_shape_member(cursor, key, entry.shape)) {
          cursor.skip();
        }
      });
      entries.push_back(entry);
    });
  });
  if (!cursor.ok() || !cursor.at_end()) return fail(ErrorKind::kInvalid, "body is no TopicRouteData");
  return entries;
}

}  // namespace rmq::namesrv
