#!/usr/bin/env bash
# What is wrong with a spec is said, by the API server or by a condition and an event; a repair is taken up.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-badspec
groups() { cluster "$1" "  brokerGroups: {$2}"; }

refused "the operator's own keys" "config must not set what the operator sets" groups x 'config: {brokerName: mine}'
refused "sync replication without replicas" "replication sync needs replicasPerGroup of 2 or more" groups x 'replication: sync'
refused "a size that is none" "storage.size must be an amount above zero" groups x 'storage: {size: plenty}'
refused "no group" "should be greater than or equal to 1" groups x 'count: 0'
refused "an unknown field" 'unknown field "spec.brokerGroups.size"' groups x 'size: 3'
refused "a name that is too long" "metadata.name must be at most 40 characters" cluster a23456789-123456789-123456789-123456789-1

refused "a quorum of two" "replication quorum needs replicasPerGroup of 3 or more" groups x 'replicasPerGroup: 2, replication: quorum'
refused "more in sync than there are" "failover.minInSyncReplicas must not be above replicasPerGroup" groups x 'replicasPerGroup: 2, failover: {minInSyncReplicas: 3}'

cluster a >/dev/null; ready_within 120 a || exit 0
edit a '{"spec":{"image":{"broker":"localhost/nothing-there:1"}}}' >/dev/null
within 60 "a broken image makes it Degraded" condition_is a Degraded True
within 30 "with the reason" condition_is a Degraded PodsFailing reason
expect "an event names it" has_event PodsFailing
grep -q 'a-broker-0-0' <<<"$(condition a Degraded message)" && pass "the message names the pod" || fail "the message names the pod" "$(condition a Degraded message)"
edit a '{"spec":{"image":{"broker":null}}}' >/dev/null
ready_within 90 a "repaired, it is Ready again"
equal "and not Degraded" False "$(condition a Degraded)"
refused "a volume that shrinks" "storage.size can't shrink" edit a '{"spec":{"brokerGroups":{"storage":{"size":"1Mi"}}}}'
quickstart "messages flow" a
