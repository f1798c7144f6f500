#include "broker/state/journal_mark.h"

#include <charconv>

namespace rmq::broker {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void trim_end(std::string_view& text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
}

}  // namespace

void append_journal_mark(std::string& json, std::optional<std::int64_t> position) {
  if (!position) return;
  json.pop_back();
  json.append(",\"").append(kJournalMember).append("\":").append(std::to_string(*position)).append("}");
}

std::optional<std::int64_t> find_journal_mark(std::string_view json) {
  trim_end(json);
  if (!json.ends_with('}')) return std::nullopt;
  json.remove_suffix(1);
  trim_end(json);
  const auto colon = json.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto digits = json.substr(colon + 1);
  while (!digits.empty() && is_blank(digits.front())) digits.remove_prefix(1);
  std::int64_t position = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), position);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  json = json.substr(0, colon);
  trim_end(json);
  return json.ends_with("\"" + std::string(kJournalMember) + "\"") ? std::optional(position) : std::nullopt;
}

}  // namespace rmq::broker
