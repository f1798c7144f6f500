// Golden transcripts: a file has the inputs, one a line, and below each what changed ("  > ..."). One file a rule,
// named after the upstream issue where there is one. RMQ_UPDATE_GOLDEN=1 writes the answers anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "broker/replication/rules/master_rules.h"
#include "broker/replication/rules/slave_rules.h"
#include "common/base/file.h"

namespace rmq::replication {
namespace {

using Words = std::map<std::string, std::string>;  // "key=value" words by key

std::int64_t number(const Words& words, const std::string& key, std::int64_t otherwise) {
  const auto found = words.find(key);
  return found == words.end() ? otherwise : std::stoll(found->second);
}

ReplicaSet set_of(const std::string& text) {
  ReplicaSet set;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) set.insert(std::stoll(one));
  return set;
}

// "1@0,3@120"
EpochList epochs_of(const std::string& text) {
  std::vector<EpochEntry> entries;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) {
    const auto at = one.find('@');
    entries.push_back({std::stoi(one.substr(0, at)), std::stoll(one.substr(at + 1))});
  }
  return EpochList::from_entries(entries).value();
}

template <class Values>
std::string join(const Values& values) {
  std::ostringstream out;
  for (const auto& value : values) out << (out.tellp() > 0 ? "," : "") << value;
  return "{" + out.str() + "}";
}

std::string text(const EpochList& list) {
  std::vector<std::string> entries;
  for (const auto& entry : list.entries())
    entries.push_back(std::to_string(entry.epoch) + "@" + std::to_string(entry.start));
  return join(entries);
}

// To be put before other words; empty when there is nothing to say.
std::string text(AckVerdict verdict) {
  switch (verdict) {
    case AckVerdict::kCounted: break;
    case AckVerdict::kStale: return "stale ";
    case AckVerdict::kHostile: return "hostile ";
  }
  return "";
}

std::string offset_text(Millis value, Millis forever) {
  return value == forever ? "forever" : std::to_string(value);
}

class Script {
 public:
  // What the input changed or answered; empty: nothing.
  std::string run(const std::string& verb, const Words& words) {
    if (verb == "master") {
      make_master(words);
    } else if (verb == "slave") {
      slave_.emplace(FollowState{static_cast<std::int32_t>(number(words, "accepted", 0)),
                                 static_cast<std::int32_t>(number(words, "promised", 0))});
    } else if (slave_) {
      return run_slave(verb, words);
    } else if (master_) {
      return run_master(verb, words);
    } else {
      return run_static(verb, words);
    }
    return master_ ? changes() : "";
  }

 private:
  void make_master(const Words& words) {
    MasterConfig config;
    const std::string mode = words.at("mode");
    config.mode = mode == "async" ? Mode::kAsync : mode == "sync" ? Mode::kSync : Mode::kQuorum;
    config.self = 1;
    config.epoch = static_cast<std::int32_t>(number(words, "epoch", 1));
    config.epoch_start = number(words, "start", 0);
    config.members_wanted = static_cast<int>(number(words, "n", 3));
    config.write_quorum = config.members_wanted / 2 + 1;
    config.min_in_sync = static_cast<int>(number(words, "min", 1));
    config.unclean_allowed = number(words, "unclean", 0) != 0;
    config.lease_needed = number(words, "lease_needed", 1) != 0;
    shown_.clear();
    now_ = 0;
    master_ =
        std::make_unique<MasterRules>(config, set_of(words.at("set")), 10, number(words, "end", config.epoch_start),
                                      number(words, "confirm", 0), now_);
  }

  std::string run_master(const std::string& verb, const Words& words) {
    const auto id = number(words, "id", 0);
    const auto token = static_cast<ConnectionToken>(number(words, "token", id));
    now_ = number(words, "at", now_);
    std::string said;
    if (verb == "log") master_->log_end_moved(number(words, "end", 0), now_);
    if (verb == "applied") master_->log_applied(number(words, "to", 0));
    if (verb == "hello") master_->handshake(id, number(words, "learner", 0) != 0, token, now_);
    if (verb == "gone") master_->disconnected(id, token, now_);
    if (verb == "echo") said = text(master_->ping_echoed(id, token, number(words, "sent", 0), now_));
    if (verb == "heartbeat") master_->heartbeat_answered(number(words, "sent", 0), number(words, "lease", 3000), now_);
    if (verb == "set")
      master_->controller_set(set_of(words.at("is")), static_cast<int>(number(words, "epoch", 0)), now_);
    if (verb == "refused") master_->proposal_refused(static_cast<std::uint64_t>(number(words, "number", 0)), now_);
    if (verb == "unknown") master_->proposal_unknown(static_cast<std::uint64_t>(number(words, "number", 0)), now_);
    if (verb == "ack") {
      const auto offset = number(words, "offset", 0);
      said = text(master_->acknowledged(id, token, offset, number(words, "sent", offset), now_));
    }
    if (const auto proposal = master_->take_proposal(now_)) {
      said += "proposal " + std::to_string(proposal->number) + " " + join(proposal->set) + " after " +
              std::to_string(proposal->set_epoch) + " ";
    }
    return said + changes();
  }

  std::string changes() {
    const auto& rules = *master_;
    std::string out;
    const auto show = [&](const std::string& name, const std::string& value) {
      auto& shown = shown_[name];
      if (shown == value) return;
      shown = value;
      out += name + "=" + value + " ";
    };
    show("confirm", std::to_string(rules.confirm_offset()));
    show("acknowledged", std::to_string(rules.acknowledged_end()));
    show("required", join(rules.required_set()));
    show("enough", rules.enough_in_sync() ? "yes" : "no");
    show("may", rules.may_acknowledge(now_) ? "yes" : "no");
    show("sends", rules.accepts_sends() ? "yes" : "no");
    show("wakeup", offset_text(rules.next_wakeup(now_), MasterRules::kForever));
    return out;
  }

  std::string run_slave(const std::string& verb, const Words& words) {
    const auto epoch = static_cast<std::int32_t>(number(words, "epoch", 0));
    if (verb == "follow") {
      const auto verdict = slave_->follow(epoch);
      return verdict == FollowVerdict::kFollow  ? "follow"
             : verdict == FollowVerdict::kStale ? "stale"
                                                : "persist first";
    }
    if (verb == "fence") {
      const auto verdict = slave_->fence(epoch);
      return verdict == FenceVerdict::kPromised  ? "promised"
             : verdict == FenceVerdict::kRefused ? "refused"
                                                 : "persist first";
    }
    if (verb == "persisted") {
      slave_->persisted(slave_->durable());
      return "accepted=" + std::to_string(slave_->durable().accepted_epoch) +
             " promised=" + std::to_string(slave_->durable().promised_epoch);
    }
    if (verb == "may_acknowledge") return slave_->may_acknowledge(epoch) ? "yes" : "no";
    return run_static(verb, words);
  }

  static std::string run_static(const std::string& verb, const Words& words) {
    const auto list = [&](const char* key) { return words.contains(key) ? epochs_of(words.at(key)) : EpochList{}; };
    const auto end = number(words, "end", 0);
    if (verb == "truncate") {
      const auto plan = SlaveRules::plan_truncation(list("mine"), end, list("master"), number(words, "master_end", 0));
      return std::string(plan.wipe ? "wipe " : "") + "to " + std::to_string(plan.truncate_to) + " epochs " +
             text(plan.epochs);
    }
    if (verb == "mend") return text(SlaveRules::mend_at_start(list("mine"), end));
    if (verb == "due") {
      const auto due = SlaveRules::due_epoch(list("master"), list("mine"), end);
      return due ? std::to_string(due->epoch) + "@" + std::to_string(due->start) : "none";
    }
    if (verb == "confirm") return std::to_string(SlaveRules::confirm(number(words, "master", 0), end));
    if (verb == "batch") {
      const BatchHeader header{static_cast<std::int32_t>(number(words, "epoch", 0)), number(words, "start", 0),
                               number(words, "offset", 0), number(words, "size", 10), 0};
      const auto decision = SlaveRules::on_batch(header, end, list("mine"));
      if (decision.verdict == BatchVerdict::kClose) return "close: " + std::string(decision.reason);
      if (decision.verdict == BatchVerdict::kAccept) return "accept";
      return "append " + std::to_string(decision.new_epoch.epoch) + "@" + std::to_string(decision.new_epoch.start) +
             " first";
    }
    FAIL("unknown input " << verb);
    return "";
  }

  std::unique_ptr<MasterRules> master_;
  std::optional<SlaveRules> slave_;
  Millis now_ = 0;
  std::map<std::string, std::string> shown_;
};

std::string replay(const std::string& file) {
  std::istringstream in(file);
  std::string out;
  Script script;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("  >")) continue;
    out += line + "\n";
    if (line.empty() || line.starts_with("#")) continue;
    std::istringstream words_in(line);
    std::string verb;
    words_in >> verb;
    Words words;
    for (std::string word; words_in >> word;) {
      const auto equals = word.find('=');
      words[word.substr(0, equals)] = word.substr(equals + 1);
    }
    std::string answer = script.run(verb, words);
    while (answer.ends_with(' ')) answer.pop_back();
    if (!answer.empty()) out += "  > " + answer + "\n";
  }
  return out;
}

TEST_CASE("transcripts of the rules") {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(RMQ_TESTDATA)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  REQUIRE(paths.size() >= 10);
  for (const auto& path : paths) {
    CAPTURE(path.filename().string());
    const std::string wanted = read_file(path.string()).value();
    const std::string got = replay(wanted);
    if (std::getenv("RMQ_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(path) << got;
    } else {
      CHECK(got == wanted);
    }
  }
}

}  // namespace
}  // namespace rmq::replication
