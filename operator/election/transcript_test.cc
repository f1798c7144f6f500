// Golden transcripts, one file a rule: testdata/*.txt. Lines with '>' go in, lines with '<' must come out, '#' says
// why. `RMQ_UPDATE_GOLDEN=1` with this test writes what comes out. Commands: see Script::run().
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "common/base/file.h"
#include "operator/election/group_controller.h"

namespace rmq::election {
namespace {

std::string text_of(const std::set<ReplicaId>& ids) {
  std::string out = "{";
  for (const auto id : ids) out += (out.size() > 1 ? "," : "") + std::to_string(id);
  return out + "}";
}

std::string text_of(const protocol::SyncStateSet& set) {
  return text_of(set.members) + "/" + std::to_string(set.epoch);
}

std::string text_of(const Answer& a) {
  std::ostringstream out;
  out << "answer " << a.request << ": " << a.code;
  if (a.master) out << " master=" << *a.master << "@" << a.master_address;
  if (a.master_epoch) out << " epoch=" << *a.master_epoch;
  if (a.set_epoch) out << " set_epoch=" << *a.set_epoch;
  if (a.next_id) out << " next_id=" << *a.next_id;
  if (a.lease_ms) out << " lease=" << *a.lease_ms;
  if (a.sync_set) out << " set=" << text_of(*a.sync_set);
  if (a.elected) out << " elected_set=" << text_of(a.elected->sync_state_set) << (a.elected->group ? " +group" : "");
  if (a.replicas) {
    for (const auto& r : a.replicas->in_sync_replicas) out << " in=" << *r.broker_id << (*r.alive ? "" : "(dead)");
    for (const auto& r : a.replicas->not_in_sync_replicas) out << " out=" << *r.broker_id << (*r.alive ? "" : "(dead)");
  }
  if (!a.remark.empty()) out << " (" << a.remark << ")";
  return out.str();
}

std::string text_of(const Write& w) {
  if (w.erase) return "write nothing: erase";
  std::ostringstream out;
  out << "write master=" << (w.state.master ? std::to_string(*w.state.master) : "none")
      << " epoch=" << w.state.master_epoch << " set=" << text_of(w.state.sync_set) << "/" << w.state.sync_set_epoch;
  for (const auto& [id, r] : w.state.replicas) {
    out << " " << id << "@" << r.address << (r.ours ? "" : "(stock)") << (r.suspect ? "(suspect)" : "");
  }
  if (!w.state.leaving.empty()) out << " leaving=" << text_of(w.state.leaving);
  return out.str();
}

std::string text_of(const AskPosition& ask) {
  return "ask " + std::to_string(ask.id) + "@" + ask.address +
         (ask.fence_epoch ? " fence=" + std::to_string(*ask.fence_epoch) : "");
}

std::string text_of(const Notify& n) {
  return "notify " + std::to_string(n.id) + "@" + n.address + ": master=" + std::to_string(n.master) + "@" +
         n.master_address + " epoch=" + std::to_string(n.master_epoch) + " set=" + text_of(n.sync_set);
}

std::string text_of(const Probe& p) {
  return "probe " + std::to_string(p.id) + "@" + p.address;
}

std::string text_of(const ElectionEvent& e) {
  std::ostringstream out;
  out << "event epoch=" << e.record.epoch << " chosen=" << (e.record.chosen ? std::to_string(*e.record.chosen) : "none")
      << " [";
  for (const auto& c : e.record.candidates) {
    out << " " << c.id << ":" << (c.last_epoch ? std::to_string(*c.last_epoch) : "?") << "/"
        << (c.end ? std::to_string(*c.end) : "?") << (c.alive ? "" : "(dead)");
  }
  out << " ] " << e.record.reason;
  if (!e.record.may_be_lost.empty()) out << " | MAY BE LOST: " << e.record.may_be_lost;
  return out.str();
}

std::set<ReplicaId> ids_of(const std::string& text) {
  std::set<ReplicaId> ids;
  std::istringstream in(text);
  for (std::string one; std::getline(in, one, ',');) ids.insert(std::stoll(one));
  return ids;
}

// A driver that stores in memory and lets the script play the brokers.
class Script {
 public:
  std::string run(const std::string& source) {
    std::istringstream in(source);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("<")) continue;
      out_ += line + "\n";
      if (line.starts_with("> ")) command(line.substr(2));
    }
    return std::move(out_);
  }

 private:
  struct Broker {
    std::int32_t epoch = 0;
    std::int64_t end = 0;
    Connection connection = 0;
    bool stock = false;
    std::int32_t priority = 0x7fffffff;
    std::uint64_t ask = 0;
  };

  Now now() const { return {ms_, 1'800'000'000'000 + ms_}; }

  static std::int64_t number(const std::map<std::string, std::string>& options, const char* key, std::int64_t absent) {
    const auto it = options.find(key);
    return it == options.end() ? absent : std::stoll(it->second);
  }

  void command(const std::string& line) {
    std::istringstream in(line);
    std::string name;
    in >> name;
    std::vector<std::string> args;
    std::map<std::string, std::string> options;
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      if (equals != std::string::npos && word.front() != '{') {
        options[word.substr(0, equals)] = word.substr(equals + 1);
      } else {
        args.push_back(word);
      }
    }
    const auto id =
        args.empty() || args[0].find_first_not_of("-0123456789") != std::string::npos ? 0 : std::stoll(args[0]);
    const auto arg = [&](std::size_t i) { return std::stoll(args.at(i)); };
    const auto flag = [&](const char* text) { return std::find(args.begin(), args.end(), text) != args.end(); };

    // start mode=sync n=3 w=2 [new=0] [unclean=1] [lease=] [timeout=] [flush=sync] [bug=7017] [state=json] [since=]
    if (name == "start") return start(options);
    // group N: N of our brokers, 1 is master, all in the set, ends at 100; silent.
    if (name == "group") return group(id, flag("stock"));
    // living 1,2: these send a heartbeat each second while the script waits.
    if (name == "living") return void(living_ = args.empty() ? std::set<ReplicaId>() : ids_of(args[0]));
    // log 1 EPOCH END [prio=]: what the broker reports from now on.
    if (name == "log") {
      auto& broker = brokers_[id];
      broker.epoch = static_cast<std::int32_t>(arg(1));
      broker.end = arg(2);
      broker.priority = static_cast<std::int32_t>(number(options, "prio", broker.priority));
      return;
    }
    if (name == "wait") return wait(id);
    if (name == "writes") return void(manual_ = flag("manual"));
    // written ok | error | conflict {json that is merged over the state before}
    if (name == "written") return written(args[0], args.size() > 1 ? args[1] : "{}");
    if (name == "pos" || name == "nopos") return position(name == "pos", id, flag("unfenced"));
    if (name == "closed") return show(controller_->on_connection_closed(now(), id, brokers_[id].connection));
    if (name == "dead") return show(controller_->on_process_dead(now(), id, "refused"));
    if (name == "suspected") return show(controller_->on_process_suspected(now(), id, "refused"));
    if (name == "apply") return ask(ApplyIdRequest{id, args.at(1)});
    if (name == "next-id") return ask(NextIdRequest{});
    if (name == "info") return ask(ReplicaInfoRequest{});
    if (name == "sync-state") return ask(SyncStateRequest{});
    if (name == "address") return ask(UpdateAddressRequest{id, args.at(1)});
    if (name == "clean")
      return ask(CleanRequest{args[0] == "all" ? std::set<ReplicaId>() : ids_of(args[0]), flag("living")});
    std::optional<std::int32_t> epoch;
    if (options.contains("epoch")) epoch = std::stoi(options["epoch"]);
    if (name == "elect") return ask(ElectMasterRequest{id, flag("designate"), flag("resign"), epoch});
    // alter MASTER EPOCH 1,2 SET_EPOCH
    if (name == "alter") {
      return ask(AlterSyncSetRequest{id, static_cast<std::int32_t>(arg(1)), ids_of(args.at(2)),
                                     static_cast<std::int32_t>(arg(3))});
    }
    if (name == "register") {
      auto& broker = brokers_[id];
      if (!flag("same")) broker.connection = next_connection_++;
      broker.stock = flag("stock");
      return ask(RegisterRequest{id, "a" + std::to_string(id), !broker.stock, options["boot"]}, broker.connection);
    }
    if (name == "beat") return beat(id, options, false);
    FAIL("unknown command: " << line);
  }

  void start(std::map<std::string, std::string>& options) {
    Policy policy;
    policy.mode = options["mode"] == "quorum" ? Mode::kQuorum : options["mode"] == "async" ? Mode::kAsync : Mode::kSync;
    policy.expected_replicas = static_cast<std::int32_t>(number(options, "n", 3));
    policy.write_quorum = static_cast<std::int32_t>(number(options, "w", policy.expected_replicas / 2 + 1));
    policy.unclean_allowed = number(options, "unclean", 0) != 0;
    policy.known_new = number(options, "new", 1) != 0;
    policy.lease_ms = number(options, "lease", 3000);
    policy.heartbeat_timeout_ms = number(options, "timeout", 5000);
    policy.async_flush = options["flush"] != "sync";
    policy.mistakes.issue_7017 = number(options, "bug", 0) == 7017;
    policy.mistakes.issue_10578 = number(options, "bug", 0) == 10578;
    std::optional<GroupState> loaded;
    if (controller_ && options.contains("keep")) loaded = controller_->state();  // a new leader
    controller_.emplace(policy, "c", "b", loaded, ms_);
  }

  void group(std::int64_t size, bool stock) {
    std::string seen;
    std::swap(seen, out_);
    const auto suffix = stock ? std::string(" stock") : std::string();
    for (std::int64_t id = 1; id <= size; ++id) {
      const auto text = std::to_string(id);
      command("apply " + text + " a" + text + ";1");
      command("register " + text + suffix);
      command("beat " + text);
      if (id == 1) command("pos 1 unfenced");
    }
    std::string members = "1";
    for (std::int64_t id = 2; id <= size; ++id) {
      members += "," + std::to_string(id);
      command("alter 1 1 " + members + " " + std::to_string(id - 1));
    }
    for (std::int64_t id = 1; id <= size; ++id) {
      command("log " + std::to_string(id) + " 1 100");
      command("beat " + std::to_string(id));
      living_.insert(id);
    }
    std::swap(seen, out_);
    REQUIRE(controller_->state()->sync_set.size() == static_cast<std::size_t>(size));
  }

  void beat(ReplicaId id, std::map<std::string, std::string>& options, bool quiet) {
    auto& broker = brokers_[id];
    if (broker.connection == 0) broker.connection = next_connection_++;
    HeartbeatRequest r{id, "a" + std::to_string(id), broker.epoch, broker.end};
    r.ours = !broker.stock;
    r.priority = broker.priority;
    if (options.contains("promised")) r.promised_epoch = std::stoi(options["promised"]);
    show(controller_->on_request(now(), ++request_, broker.connection, r), quiet);
  }

  void wait(std::int64_t ms) {
    const auto until = ms_ + ms;
    std::map<std::string, std::string> none;
    while (ms_ < until) {
      const auto beat_at = (ms_ / 1000 + 1) * 1000;
      ms_ = std::min({until, beat_at, controller_->next_wakeup_ms(now())});
      if (ms_ == beat_at) {
        for (const auto id : living_) beat(id, none, true);
      }
      show(controller_->on_tick(now()));
    }
  }

  void ask(const Request& request, Connection connection = 1) {
    show(controller_->on_request(now(), ++request_, connection, request));
  }

  void position(bool answered, ReplicaId id, bool unfenced) {
    auto& broker = brokers_[id];
    const auto position = Position{broker.epoch, broker.end, !unfenced && !broker.stock};
    show(controller_->on_position(now(), broker.ask, answered ? std::optional(position) : std::nullopt));
  }

  void written(const std::string& result, const std::string& patch) {
    if (result == "conflict") {
      auto document = to_json(controller_->state().value());
      document.merge_patch(nlohmann::json::parse(patch));
      show(controller_->on_written(now(), WriteResult::kConflict, group_state_from_json(document).value()));
    } else {
      show(controller_->on_written(now(), result == "ok" ? WriteResult::kOk : WriteResult::kError));
    }
  }

  void show(Actions actions, bool quiet = false) {
    bool wrote = false;
    for (const auto& action : actions) {
      if (const auto* ask = std::get_if<AskPosition>(&action)) brokers_[ask->id].ask = ask->ask;
      wrote = wrote || std::holds_alternative<Write>(action);
      if (quiet && std::holds_alternative<Answer>(action)) continue;
      const auto at = ms_ == shown_ms_ ? std::string() : "[" + std::to_string(ms_) + " ms] ";
      shown_ms_ = ms_;
      out_ += "< " + at + std::visit([](const auto& a) { return text_of(a); }, action) + "\n";
    }
    if (wrote && !manual_) show(controller_->on_written(now(), WriteResult::kOk));
  }

  std::string out_;
  std::optional<GroupController> controller_;
  std::map<ReplicaId, Broker> brokers_;
  std::set<ReplicaId> living_;
  std::int64_t ms_ = 1000, shown_ms_ = 1000;
  RequestId request_ = 0;
  Connection next_connection_ = 100;
  bool manual_ = false;
};

TEST_CASE("golden transcripts of the Controller's rules") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RMQ_TESTDATA)) {
    if (entry.path().extension() != ".txt") continue;
    ++files;
    CAPTURE(entry.path().filename().string());
    const auto expected = read_file(entry.path().string()).value();
    const auto actual = Script().run(expected);
    if (std::getenv("RMQ_UPDATE_GOLDEN") != nullptr) std::ofstream(entry.path()) << actual;
    CHECK(actual == read_file(entry.path().string()).value());
  }
  CHECK(files >= 15);
}

}  // namespace
}  // namespace rmq::election
