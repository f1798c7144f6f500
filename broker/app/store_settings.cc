#include "broker/app/store_settings.h"

#include <charconv>

namespace rmq::broker {

Result<std::vector<std::int64_t>> parse_delay_levels(std::string_view text) {
  std::vector<std::int64_t> levels;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const auto part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (part.empty()) continue;
    std::int64_t number = 0;
    const auto [rest, code] = std::from_chars(part.data(), part.data() + part.size(), number);
    const std::string_view unit(rest, static_cast<std::size_t>(part.data() + part.size() - rest));
    const std::int64_t scale = unit == "s"   ? 1000
                               : unit == "m" ? 60'000
                               : unit == "h" ? 3'600'000
                               : unit == "d" ? 86'400'000
                                             : 0;
    if (code != std::errc{} || number < 0 || scale == 0) {
      return fail(ErrorKind::kInvalid,
                  "messageDelayLevel: '" + std::string(part) + "' is not a number with s, m, h or d");
    }
    levels.push_back(number * scale);
  }
  if (levels.empty()) return fail(ErrorKind::kInvalid, "messageDelayLevel names no level");
  return levels;
}

Result<store::StoreOptions> store_options_of(const BrokerConfig& config, std::uint64_t memory_bytes) {
  if (config.store_type != "default") {
    return fail(ErrorKind::kUnsupported, "storeType=" + std::string(config.store_type) +
                                             " is not supported: this broker reads and writes the file store only "
                                             "(storeType=default). Convert the store with the Java broker first");
  }
  if (config.enable_dledger_commit_log) {
    return fail(ErrorKind::kUnsupported,
                "enableDLegerCommitLog=true is not supported: the log of a DLedger group has "
                "another form. Start with an empty volume and let consumers drain the old group");
  }
  store::StoreOptions options;
  options.root = config.store_path_root_dir;
  options.commit_log = config.store_path_commit_log;
  options.commit_log_file_bytes = static_cast<std::uint64_t>(config.mapped_file_size_commit_log);
  options.consume_queue_file_bytes = static_cast<std::uint64_t>(config.mapped_file_size_consume_queue);
  options.index_slots = config.max_hash_slot_num;
  options.index_entries = config.max_index_num;
  options.index_enabled = config.message_index_enable;
  options.max_message_bytes = config.max_message_size;
  options.flush_mode = config.is_sync_flush() ? store::FlushMode::kSync : store::FlushMode::kAsync;
  options.flush_interval_ms = config.flush_interval_commit_log;
  options.flush_least_pages = config.flush_commit_log_least_pages;
  options.flush_thorough_ms = config.flush_commit_log_thorough_interval;
  options.sync_flush_timeout_ms = config.sync_flush_timeout;
  options.slave_timeout_ms = config.slave_timeout;
  options.start_as_replica = !config.is_master();
  options.dispatch_to_confirm_only = config.enable_controller_mode && config.mode() != ReplicationMode::kAsync;
  options.check_crc_on_recover = config.check_crc_on_recover;
  options.crc_property = config.enabled_append_prop_crc;
  options.file_reserved_hours = config.file_reserved_time;
  options.delete_when = config.delete_when.get();
  options.disk_clean_percent = config.disk_max_used_space_ratio;
  options.disk_clean_forcibly_percent = config.disk_space_clean_forcibly_ratio;
  options.disk_full_percent = config.disk_space_warning_level_ratio;
  options.clean_forcibly = config.clean_file_forcibly_enable;
  options.clean_interval_ms = config.clean_resource_interval;
  options.delete_batch = config.delete_file_batch_max;
  options.max_get_count_in_memory = config.max_transfer_count_in_memory;
  options.max_get_bytes_in_memory = config.max_transfer_bytes_in_memory;
  options.max_get_count_on_disk = config.max_transfer_count_on_disk;
  options.max_get_bytes_on_disk = config.max_transfer_bytes_on_disk;
  options.max_filter_bytes = config.max_filter_message_size;
  options.max_query_count = config.max_msgs_num_batch;
  options.memory_bytes = memory_bytes;
  options.memory_percent = config.access_message_in_memory_max_ratio;
  RMQ_TRY(options.delay_levels_ms, parse_delay_levels(std::string(config.message_delay_level)));
  return options;
}

}  // namespace rmq::broker
