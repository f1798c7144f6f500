#include "operator/kube/event_recorder.h"

#include <mutex>
#include <random>

#include <nlohmann/json.hpp>

#include "common/base/log.h"
#include "operator/kube/api_error.h"
#include "operator/kube/json_access.h"
#include "operator/kube/micro_time.h"

namespace rmq::kube {

using nlohmann::json;

const ResourceKind kEventKind{"events.k8s.io", "v1", "events", "Event"};

namespace {

constexpr std::size_t kMaxNote = 1024;

// Cut so that no UTF-8 character is torn.
std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return std::string(text.substr(0, most));
}

std::string hex(std::uint64_t value) {
  char out[20];
  std::snprintf(out, sizeof(out), "%016llx", static_cast<unsigned long long>(value));
  return out;
}

}  // namespace

struct EventRecorder::State : std::enable_shared_from_this<EventRecorder::State> {
  State(ApiServer& server_in, EventRecorderOptions options_in)
      : server(server_in), options(std::move(options_in)), rules(options.limits), random(std::random_device{}()) {}

  void record(const json& object, EventFact fact, std::string_view action) {
    const auto key = key_of(object);
    const std::string ns = key.ns.empty() ? "default" : key.ns;
    EventVerdict verdict;
    {
      std::lock_guard lock(mutex);
      if (writing >= options.max_writing) return;
      // Names of events have at most 253 characters, like any.
      verdict = rules.observe(fact, cut(key.name, 230) + "." + hex(random()), server.clock().monotonic_ms());
      if (verdict.what == EventVerdict::What::kNothing) return;
      ++writing;
    }
    const std::string now = micro_time(server.clock().wall_ms());
    HttpRequest request;
    if (verdict.what == EventVerdict::What::kCreate) {
      const json event{{"apiVersion", kEventKind.api_version()},
                       {"kind", kEventKind.kind},
                       {"metadata", {{"namespace", ns}, {"name", verdict.name}}},
                       {"eventTime", now},
                       {"reportingController", options.controller},
                       {"reportingInstance", options.instance.empty() ? options.controller : options.instance},
                       {"action", action},
                       {"reason", fact.reason},
                       {"type", fact.type},
                       {"note", fact.note},
                       {"regarding",
                        {{"apiVersion", text_at(object, {"apiVersion"})},
                         {"kind", text_at(object, {"kind"})},
                         {"namespace", key.ns},
                         {"name", key.name},
                         {"uid", text_at(object, {"metadata", "uid"})}}}};
      request.method = "POST";
      request.target = collection_path(kEventKind, ns);
      request.content_type = "application/json";
      request.body = to_text(event);
    } else {
      const json patch{{"series", {{"count", verdict.count}, {"lastObservedTime", now}}}};
      request.method = "PATCH";
      request.target = object_path(kEventKind, {ns, verdict.name});
      request.content_type = "application/merge-patch+json";
      request.body = to_text(patch);
    }
    struct Answer {
      int status = 0;
      std::string body;
    };
    auto answer = std::make_shared<Answer>();
    server.start(std::move(request),
                 {.on_head = [answer](const HttpHead& head) { answer->status = head.status; },
                  .on_body =
                      [answer](std::string_view bytes) {
                        if (answer->body.size() < 4096) answer->body.append(bytes);
                        return true;
                      },
                  .on_end = [self = shared_from_this(), answer, fact = std::move(fact)](
                                const Status& status) { self->written(fact, status, answer->status, answer->body); }});
  }

  void written(const EventFact& fact, const Status& status, int http_status, const std::string& body) {
    std::lock_guard lock(mutex);
    --writing;
    if (status && http_status >= 200 && http_status <= 299) {
      failing = false;
      return;
    }
    rules.forget(fact);
    if (failing) return;
    failing = true;
    log::warn("an event was not written",
              {{"reason", fact.reason}, {"error", status ? to_error(http_status, body, "event") : status.error()}});
  }

  ApiServer& server;
  const EventRecorderOptions options;
  std::mutex mutex;
  EventRules rules;
  std::mt19937_64 random;
  std::size_t writing = 0;
  bool failing = false;
};

EventRecorder::EventRecorder(ApiServer& server, EventRecorderOptions options)
    : state_(std::make_shared<State>(server, std::move(options))) {}

EventRecorder::~EventRecorder() = default;

namespace {

EventFact make_fact(const json& object, const char* type, std::string_view reason, std::string_view note) {
  auto name = text_at(object, {"metadata", "uid"});
  if (name.empty()) name = text_at(object, {"kind"}) + "/" + key_of(object).text();
  return {std::move(name), type, cut(reason, 128), cut(note, kMaxNote)};
}

}  // namespace

void EventRecorder::normal(const json& object, std::string_view reason, std::string_view note,
                           std::string_view action) {
  state_->record(object, make_fact(object, "Normal", reason, note), action);
}

void EventRecorder::warning(const json& object, std::string_view reason, std::string_view note,
                            std::string_view action) {
  state_->record(object, make_fact(object, "Warning", reason, note), action);
}

}  // namespace rmq::kube
