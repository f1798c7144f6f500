#include "broker/journal/journal_entry.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/json.h"

namespace rmq::broker {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxEntryBytes = 512UL << 20;  // memory stays bounded whatever the log holds
constexpr std::size_t kMaxPartHeader = 1024;
constexpr std::size_t kMaxEntryHeader = 64UL << 10;
constexpr JsonLimits kHeaderLimits{.max_depth = 4, .max_values = 1024};

auto corrupt(std::string why) {
  return fail(ErrorKind::kCorrupt, "journal: " + std::move(why));
}

// The JSON of the first line; `bytes` then begins behind it.
Result<nlohmann::json> take_header(std::string_view& bytes, std::size_t limit) {
  const auto end = bytes.substr(0, limit).find('\n');
  if (end == std::string_view::npos) return corrupt("no header");
  RMQ_TRY(auto header, parse_json(bytes.substr(0, end), kHeaderLimits));
  if (!header.is_object()) return corrupt("no header");
  bytes.remove_prefix(end + 1);
  return header;
}

Result<std::int64_t> number_of(const nlohmann::json& header, const char* name) {
  const auto found = header.find(name);
  if (found == header.end() || !found->is_number_integer()) return corrupt("no " + std::string(name));
  return found->get<std::int64_t>();
}

Status decode_sections(std::string_view bytes, JournalEntry& entry) {
  RMQ_TRY(const auto header, take_header(bytes, kMaxEntryHeader));
  const auto kind = header.find("kind");
  if (kind == header.end() || (*kind != "change" && *kind != "snapshot")) return corrupt("entry of no known kind");
  entry.kind = *kind == "snapshot" ? JournalKind::kSnapshot : JournalKind::kChange;
  const auto sections = header.find("sections");
  if (sections == header.end() || !sections->is_array()) return corrupt("no sections");
  for (const auto& section : *sections) {
    if (!section.is_array() || section.size() != 2 || !section[0].is_string() || !section[1].is_number_unsigned()) {
      return corrupt("bad section");
    }
    const auto size = section[1].get<std::uint64_t>();
    if (size > bytes.size()) return corrupt("section is cut off");
    entry.sections.push_back({section[0].get<std::string>(), std::string(bytes.substr(0, size))});
    bytes.remove_prefix(size);
  }
  return bytes.empty() ? Status{} : Status(corrupt("bytes behind the sections"));
}

}  // namespace

std::vector<std::string> encode_journal_entry(const JournalEntry& entry, std::size_t part_bytes) {
  std::string whole =
      entry.kind == JournalKind::kSnapshot ? R"({"kind":"snapshot","sections":[)" : R"({"kind":"change","sections":[)";
  std::size_t size = 0;
  const char* separator = "";
  for (const auto& section : entry.sections) {
    whole.append(separator).append("[");
    append_json_string(whole, section.table);
    whole += ',' + std::to_string(section.payload.size()) + ']';
    separator = ",";
    size += section.payload.size();
  }
  whole += "]}\n";
  whole.reserve(whole.size() + size);
  for (const auto& section : entry.sections) whole += section.payload;

  const auto parts = (whole.size() + part_bytes - 1) / part_bytes;
  std::vector<std::string> bodies;
  bodies.reserve(parts);
  for (std::size_t part = 0; part < parts; ++part) {
    std::string body = R"({"v":)" + std::to_string(kVersion) + R"(,"w":)";
    append_json_string(body, entry.writer);
    body += R"(,"n":)" + std::to_string(entry.number) + R"(,"p":)" + std::to_string(part) + R"(,"of":)" +
            std::to_string(parts) + R"(,"snap":)" + std::to_string(entry.snapshot) + "}\n";
    body += std::string_view(whole).substr(part * part_bytes, part_bytes);
    bodies.push_back(std::move(body));
  }
  return bodies;
}

Result<JournalPart> decode_journal_part(std::string_view body) {
  RMQ_TRY(const auto header, take_header(body, kMaxPartHeader));
  RMQ_TRY(const auto version, number_of(header, "v"));
  if (version != kVersion) return fail(ErrorKind::kUnsupported, "journal of version " + std::to_string(version));
  JournalPart part;
  const auto writer = header.find("w");
  if (writer == header.end() || !writer->is_string()) return corrupt("no writer");
  part.writer = writer->get<std::string>();
  RMQ_TRY(part.number, number_of(header, "n"));
  RMQ_TRY(part.part, number_of(header, "p"));
  RMQ_TRY(part.of, number_of(header, "of"));
  RMQ_TRY(part.snapshot, number_of(header, "snap"));
  if (part.part < 0 || part.part >= part.of) return corrupt("part out of range");
  part.bytes = body;
  return part;
}

void JournalReader::drop() {
  building_ = false;
  std::string().swap(bytes_);
}

Result<std::optional<JournalEntry>> JournalReader::feed(std::int64_t queue_offset, std::string_view body) {
  auto decoded = decode_journal_part(body);
  if (!decoded) {
    drop();
    return fail(std::move(decoded).error());
  }
  auto& part = *decoded;
  if (part.part == 0) {
    drop();
    building_ = true;
    begin_ = queue_offset;
    next_part_ = 0;
    first_ = part;
  } else if (!building_ || part.part != next_part_ || part.of != first_.of || part.number != first_.number ||
             part.writer != first_.writer) {
    drop();  // reading began in its middle, or its writer died before the rest
    return std::optional<JournalEntry>();
  }
  if (bytes_.size() + part.bytes.size() > kMaxEntryBytes) {
    drop();
    return corrupt("an entry is too large");
  }
  bytes_ += part.bytes;
  if (++next_part_ < part.of) return std::optional<JournalEntry>();

  JournalEntry entry;
  entry.writer = std::move(part.writer);
  entry.number = part.number;
  entry.snapshot = first_.snapshot;
  entry.begin = begin_;
  entry.end = queue_offset + 1;
  auto status = decode_sections(bytes_, entry);
  drop();
  if (!status) return fail(std::move(status).error());
  return std::optional<JournalEntry>(std::move(entry));
}

}  // namespace rmq::broker
