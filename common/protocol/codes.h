// Request and response codes of the remoting protocol (org.apache.rocketmq.remoting.protocol.RequestCode and
// ResponseCode, release 5.5.0). Values are plain integers: a peer may send any.
#pragma once

#include <cstdint>

namespace rmq::protocol {

struct RequestCode {
  using T = std::int32_t;
  // Client to broker.
  static constexpr T kSendMessage = 10, kPullMessage = 11, kQueryMessage = 12, kQueryConsumerOffset = 14,
                     kUpdateConsumerOffset = 15, kSearchOffsetByTimestamp = 29, kGetMaxOffset = 30, kGetMinOffset = 31,
                     kGetEarliestMsgStoreTime = 32, kViewMessageById = 33, kHeartBeat = 34, kUnregisterClient = 35,
                     kConsumerSendMsgBack = 36, kEndTransaction = 37, kGetConsumerListByGroup = 38, kLockBatchMq = 41,
                     kUnlockBatchMq = 42, kCheckClientConfig = 46, kSendMessageV2 = 310, kSendBatchMessage = 320,
                     kSendReplyMessage = 324, kSendReplyMessageV2 = 325, kLitePullMessage = 361, kRecallMessage = 370,
                     kQueryAssignment = 400, kSetMessageRequestMode = 401, kPopMessage = 200050, kAckMessage = 200051,
                     kPeekMessage = 200052, kChangeMessageInvisibleTime = 200053, kNotification = 200054,
                     kPollingInfo = 200055, kPopRollback = 200056, kBatchAckMessage = 200151;
  // Broker to client.
  static constexpr T kCheckTransactionState = 39, kNotifyConsumerIdsChanged = 40, kResetConsumerClientOffset = 220,
                     kGetConsumerStatusFromClient = 221, kGetConsumerRunningInfo = 307, kConsumeMessageDirectly = 309,
                     kPushReplyMessageToClient = 326;
  // Administration of a broker.
  static constexpr T kUpdateAndCreateTopic = 17, kUpdateAndCreateTopicList = 18, kGetAllTopicConfig = 21,
                     kUpdateBrokerConfig = 25, kGetBrokerConfig = 26, kGetBrokerRuntimeInfo = 28,
                     kGetAllConsumerOffset = 43, kGetAllDelayOffset = 45, kUpdateAndCreateSubscriptionGroup = 200,
                     kGetAllSubscriptionGroupConfig = 201, kGetTopicStatsInfo = 202, kGetConsumerConnectionList = 203,
                     kGetProducerConnectionList = 204, kDeleteSubscriptionGroup = 207, kGetConsumeStats = 208,
                     kDeleteTopicInBroker = 215, kInvokeBrokerToResetOffset = 222, kQueryTopicConsumeByWho = 300,
                     kQueryConsumeTimeSpan = 303, kGetSystemTopicListFromBroker = 305, kQueryConsumeQueue = 321,
                     kGetAllProducerInfo = 328, kQueryTopicsByConsumer = 343, kQuerySubscriptionByConsumer = 345,
                     kGetTopicConfig = 351, kGetSubscriptionGroupConfig = 352,
                     kUpdateAndCreateSubscriptionGroupList = 225;
  // Name server.
  static constexpr T kPutKvConfig = 100, kGetKvConfig = 101, kDeleteKvConfig = 102, kRegisterBroker = 103,
                     kUnregisterBroker = 104, kGetRouteInfoByTopic = 105, kGetBrokerClusterInfo = 106,
                     kWipeWritePermOfBroker = 205, kGetAllTopicListFromNameserver = 206, kDeleteTopicInNamesrv = 216,
                     kRegisterTopicInNamesrv = 217, kGetKvListByNamespace = 219, kGetTopicsByCluster = 224,
                     kGetSystemTopicListFromNs = 304, kGetUnitTopicList = 311, kGetHasUnitSubTopicList = 312,
                     kGetHasUnitSubUnunitTopicList = 313, kUpdateNamesrvConfig = 318, kGetNamesrvConfig = 319,
                     kQueryDataVersion = 322, kAddWritePermOfBroker = 327, kGetBrokerMemberGroup = 901,
                     kBrokerHeartbeat = 904, kNotifyMinBrokerIdChange = 905;
  // Controller.
  static constexpr T kControllerAlterSyncStateSet = 1001, kControllerElectMaster = 1002,
                     kControllerRegisterBroker = 1003, kControllerGetReplicaInfo = 1004,
                     kControllerGetMetadataInfo = 1005, kControllerGetSyncStateData = 1006, kGetBrokerEpochCache = 1007,
                     kNotifyBrokerRoleChanged = 1008, kUpdateControllerConfig = 1009, kGetControllerConfig = 1010,
                     kCleanBrokerData = 1011, kControllerGetNextBrokerId = 1012, kControllerApplyBrokerId = 1013;
};

struct ResponseCode {
  using T = std::int32_t;
  static constexpr T kSuccess = 0, kSystemError = 1, kSystemBusy = 2, kRequestCodeNotSupported = 3,
                     kTransactionFailed = 4, kFlushDiskTimeout = 10, kSlaveNotAvailable = 11, kFlushSlaveTimeout = 12,
                     kMessageIllegal = 13, kServiceNotAvailable = 14, kVersionNotSupported = 15, kNoPermission = 16,
                     kTopicNotExist = 17, kTopicExistAlready = 18, kPullNotFound = 19, kPullRetryImmediately = 20,
                     kPullOffsetMoved = 21, kQueryNotFound = 22, kSubscriptionParseFailed = 23,
                     kSubscriptionNotExist = 24, kSubscriptionNotLatest = 25, kSubscriptionGroupNotExist = 26,
                     kFilterDataNotExist = 27, kFilterDataNotLatest = 28, kInvalidParameter = 29,
                     kConsumerNotOnline = 206, kConsumeMsgTimeout = 207, kNoMessage = 208, kPollingFull = 209,
                     kPollingTimeout = 210, kBrokerNotExist = 211, kFlowControl = 215, kNotLeaderForQueue = 501,
                     kIllegalOperation = 604, kGoAway = 1500;
  // Controller.
  static constexpr T kControllerFencedMasterEpoch = 2000, kControllerFencedSyncStateSetEpoch = 2001,
                     kControllerInvalidMaster = 2002, kControllerInvalidReplicas = 2003,
                     kControllerMasterNotAvailable = 2004, kControllerInvalidRequest = 2005,
                     kControllerBrokerNotAlive = 2006, kControllerNotLeader = 2007,
                     kControllerBrokerMetadataNotExist = 2008, kControllerInvalidCleanBrokerMetadata = 2009,
                     kControllerBrokerNeedToBeRegistered = 2010, kControllerMasterStillExist = 2011,
                     kControllerElectMasterFailed = 2012, kControllerAlterSyncStateSetFailed = 2013,
                     kControllerBrokerIdInvalid = 2014, kControllerJraftInternalError = 2015;
};

}  // namespace rmq::protocol
