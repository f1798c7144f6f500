#include "broker/processor/runtime_info_processor.h"

#include <sys/statvfs.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "broker/processor/answers.h"
#include "broker/topic/names.h"
#include "common/protocol/body/tables.h"

namespace rmq::broker {
namespace {

constexpr std::string_view kVersionName = "V5_5_0";
constexpr std::array<std::string_view, 13> kPutTimeNames = {
    "[<=0ms]", "[0~10ms]", "[10~50ms]", "[50~100ms]", "[100~200ms]", "[200~500ms]", "[500ms~1s]",
    "[1~2s]",  "[2~3s]",   "[3~4s]",    "[4~5s]",     "[5~10s]",     "[10s~]"};

std::string readable_bytes(double bytes) {
  static constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text.data();
}

std::string readable_runtime(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000;
  return "[ " + std::to_string(seconds / 86400) + " days, " + std::to_string(seconds / 3600 % 24) + " hours, " +
         std::to_string(seconds / 60 % 60) + " minutes, " + std::to_string(seconds % 60) + " seconds ]";
}

std::int64_t local_day(std::int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  return local.tm_year * 366L + local.tm_yday;
}

// The bound of the bucket in which that part of all puts lies.
std::int64_t put_latency(const store::StoreStats& stats, double part) {
  std::int64_t total = 0;
  for (const auto& bucket : stats.put_time_buckets) total += bucket.load(std::memory_order_relaxed);
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < stats.put_time_buckets.size(); ++i) {
    seen += stats.put_time_buckets[i].load(std::memory_order_relaxed);
    if (total > 0 && static_cast<double>(seen) >= part * static_cast<double>(total)) {
      return i < store::StoreStats::kPutBoundsMs.size() ? store::StoreStats::kPutBoundsMs[i]
                                                        : stats.put_time_max_ms.load(std::memory_order_relaxed);
    }
  }
  return 0;
}

}  // namespace

RuntimeInfoProcessor::RuntimeInfoProcessor(const BrokerConfig& config, const store::MessageStore& store,
                                           const DelayOffsets& delay_offsets, const Clock& clock)
    : config_(config), store_(store), delay_offsets_(delay_offsets), clock_(clock), boot_ms_(clock.wall_ms()) {}

void RuntimeInfoProcessor::sample() {
  rates_.sample(clock_.monotonic_ms(), local_day(clock_.wall_ms()), RuntimeRates::values_of(store_.stats()));
}

void RuntimeInfoProcessor::handle(const remoting::Request& request) {
  protocol::KvTable body;
  body.table = info();
  reply_body(request, body);
}

std::map<std::string, std::string, std::less<>> RuntimeInfoProcessor::info() const {
  std::map<std::string, std::string, std::less<>> out;
  auto put = [&](std::string_view key, std::string value) { out.insert_or_assign(std::string(key), std::move(value)); };
  auto number = [&](std::string_view key, std::int64_t value) { put(key, std::to_string(value)); };
  const store::StoreStats& stats = store_.stats();
  const auto appended = stats.messages_appended.load();
  const auto bytes = stats.bytes_appended.load();

  put("brokerActive", "true");
  put("brokerVersionDesc", std::string(kVersionName));
  number("brokerVersion", protocol::kVersion);
  number("bootTimestamp", boot_ms_);
  put("runtime", readable_runtime(clock_.wall_ms() - boot_ms_));
  number("startAcceptSendRequestTimeStamp", config_.start_accept_send_request_time);

  const auto puts = rates_.days(RuntimeRates::kPut);
  number("msgPutTotalYesterdayMorning", puts.yesterday_morning);
  number("msgPutTotalTodayMorning", puts.today_morning);
  number("msgPutTotalTodayNow", appended);
  const auto gets = rates_.days(RuntimeRates::kTransferred);
  number("msgGetTotalYesterdayMorning", gets.yesterday_morning);
  number("msgGetTotalTodayMorning", gets.today_morning);
  number("msgGetTotalTodayNow", stats.messages_read.load());
  put("putTps", rates_.rates(RuntimeRates::kPut));
  put("getFoundTps", rates_.rates(RuntimeRates::kGetFound));
  put("getMissTps", rates_.rates(RuntimeRates::kGetMissed));
  put("getTotalTps", rates_.total_rates());
  put("getTransferredTps", rates_.rates(RuntimeRates::kTransferred));
  put("getTransferedTps", rates_.rates(RuntimeRates::kTransferred));  // as releases before 5.0 spelled it

  number("putMessageEntireTimeMax", stats.put_time_max_ms.load());
  number("putMessageTimesTotal", appended);
  number("putMessageFailedTimes", stats.appends_refused.load());
  number("putMessageSizeTotal", bytes);
  put("putMessageAverageSize",
      std::to_string(appended == 0 ? 0.0 : static_cast<double>(bytes) / static_cast<double>(appended)));
  std::string distribution;
  for (std::size_t i = 0; i < kPutTimeNames.size(); ++i) {
    distribution += std::string(kPutTimeNames[i]) + ":" + std::to_string(stats.put_time_buckets[i].load()) + " ";
  }
  put("putMessageDistributeTime", std::move(distribution));
  number("putLatency99", put_latency(stats, 0.99));
  number("putLatency999", put_latency(stats, 0.999));
  number("getMessageEntireTimeMax", 0);
  number("dispatchMaxBuffer", 0);
  number("dispatchBehindBytes", stats.dispatch_behind_bytes.load());
  number("pageCacheLockTimeMills", 0);
  number("earliestMessageTimeStamp", store_.earliest_store_timestamp());
  put("remainHowManyDataToFlush", readable_bytes(static_cast<double>(stats.flush_behind_bytes.load())));
  number("remainTransientStoreBufferNumbs", 0);

  const std::string ratio = std::to_string(stats.disk_used_ratio.load());
  put("commitLogDiskRatio", ratio);
  put("commitLogDiskRatio_" + config_.store_path_commit_log, ratio);
  put("consumeQueueDiskRatio", ratio);
  number("commitLogMinOffset", static_cast<std::int64_t>(store_.log().min_offset()));
  number("commitLogMaxOffset", static_cast<std::int64_t>(store_.log().max_offset()));
  struct statvfs volume {};
  if (statvfs(config_.store_path_root_dir.c_str(), &volume) == 0) {
    const auto block = static_cast<double>(volume.f_frsize);
    put("commitLogDirCapacity", "Total : " + readable_bytes(static_cast<double>(volume.f_blocks) * block) +
                                    ", Free : " + readable_bytes(static_cast<double>(volume.f_bfree) * block) + ".");
  }
  for (std::string_view key : {"timerReadBehind", "timerOffsetBehind", "timerCongestNum"}) number(key, 0);
  for (std::string_view key : {"timerEnqueueTps", "timerDequeueTps"}) put(key, "0.0");
  for (const char* pool : {"send", "pull", "litePull", "query", "ack"}) {
    const std::string prefix = std::string(pool) + "ThreadPoolQueue";
    number(prefix + "Size", 0);
    number(prefix + "Capacity", 0);
    number(prefix + "HeadWaitTimeMills", 0);
  }
  number("EndTransactionQueueSize", 0);
  number("EndTransactionThreadPoolQueueCapacity", 0);
  for (const auto& [level, offset] : delay_offsets_.all()) {
    const store::TopicQueue* queue = store_.find_queue(kScheduleTopic, level - 1);
    put("scheduleMessageOffset_" + std::to_string(level),
        std::to_string(offset) + "," + std::to_string(queue == nullptr ? 0 : queue->max_offset()));
  }
  return out;
}

}  // namespace rmq::broker
