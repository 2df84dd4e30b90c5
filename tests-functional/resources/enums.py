"""Numbers of the messenger's protocol, by status-go's names."""

from __future__ import annotations

from enum import IntEnum


class MessageContentType(IntEnum):
    UNKNOWN_CONTENT_TYPE = 0
    TEXT_PLAIN = 1
    STICKER = 2
    EMOJI = 4
    TRANSACTION_COMMAND = 5
    SYSTEM_MESSAGE_CONTENT_PRIVATE_GROUP = 6
    IMAGE = 7
    AUDIO = 8
    COMMUNITY = 9
    SYSTEM_MESSAGE_GAP = 10
    CONTACT_REQUEST = 11
    DISCORD_MESSAGE = 12
    IDENTITY_VERIFICATION = 13
    SYSTEM_MESSAGE_PINNED_MESSAGE = 14
    SYSTEM_MESSAGE_MUTUAL_EVENT_SENT = 15
    SYSTEM_MESSAGE_MUTUAL_EVENT_ACCEPTED = 16
    SYSTEM_MESSAGE_MUTUAL_EVENT_REMOVED = 17
    BRIDGE_MESSAGE = 18


class MessageType(IntEnum):
    ONE_TO_ONE = 1
    PUBLIC = 2
    PRIVATE_GROUP = 3
    COMMUNITY = 5


class ChatType(IntEnum):
    ONE_TO_ONE = 1
    PUBLIC = 2
    PRIVATE_GROUP = 3
    COMMUNITY = 6


class CommunityMembership(IntEnum):
    AUTO_ACCEPT = 1
    INVITATION_ONLY = 2
    MANUAL_ACCEPT = 3


class RequestToJoinState(IntEnum):
    PENDING = 1
    DECLINED = 2
    ACCEPTED = 3
    CANCELED = 4
    ACCEPTED_PENDING = 5
    DECLINED_PENDING = 6
    AWAITING_ADDRESSES = 7


class ChatPreviewFilterType(IntEnum):
    COMMUNITY = 1
    NON_COMMUNITY = 2


class MuteType(IntEnum):
    MUTE_FOR15_MIN = 1
    MUTE_FOR1_HR = 2
    MUTE_FOR8_HR = 3
    MUTE_FOR1_WEEK = 4
    MUTE_TILL_UNMUTED = 5
    MUTE_TILL1_MIN = 6
    UNMUTED = 7
    MUTE_FOR24_HR = 8
