#include "broker/journal/state_journal.h"

#include "broker/journal/journal_core.h"

namespace rmq::broker {

StateJournal::StateJournal(store::MessageStore& store, Checkpointer& checkpointer, StateJournalOptions options)
    : core_(std::make_shared<Core>(store, checkpointer, std::move(options))) {}
StateJournal::~StateJournal() {
  stop();
}

void StateJournal::register_table(JournaledTable& table) {
  core_->register_table(table);
  table.attach(this);
}
Status StateJournal::start() {
  return core_->start();
}
void StateJournal::stop() {
  core_->stop();
}
void StateJournal::become_master(std::int32_t epoch, std::function<void()> ready) {
  core_->become_master(epoch, std::move(ready));
}
void StateJournal::become_replica() {
  core_->become_replica();
}
Status StateJournal::flush(std::chrono::milliseconds limit) {
  return core_->flush(limit);
}
Status StateJournal::before_cut(std::uint64_t log_end) {
  return core_->applier().before_cut(log_end);
}
void StateJournal::after_cut() {
  core_->applier().after_cut();
  core_->poke();
}
void StateJournal::on_arrivals(std::span<const store::Arrival> arrivals) noexcept {
  core_->on_arrivals(arrivals);
}
bool StateJournal::in_a_hurry() const noexcept {
  return core_->in_a_hurry();
}
JournalPosition StateJournal::position() const {
  return core_->position();
}
Status StateJournal::health() const {
  return core_->applier().health();
}
bool StateJournal::accepts() const noexcept {
  return core_->accepts();
}
Status StateJournal::propose(JournaledTable& table, std::string payload, std::function<void(Status)> done) {
  return core_->propose(table, std::move(payload), std::move(done));
}
void StateJournal::touch(bool soon) noexcept {
  core_->touch(soon);
}

}  // namespace rmq::broker
