// The member "rmqJournal" of the state files: always the last one, so that it is found without parsing the file. Java
// ignores it when it reads a file, and drops it when it writes one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rmq::broker {

inline constexpr std::string_view kJournalMember = "rmqJournal";

// `json`, an object with at least one member, with the position behind its last member; unchanged without a position.
void append_journal_mark(std::string& json, std::optional<std::int64_t> position);
std::optional<std::int64_t> find_journal_mark(std::string_view json);

}  // namespace rmq::broker
