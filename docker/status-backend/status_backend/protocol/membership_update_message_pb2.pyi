from status_backend.protocol import chat_message_pb2 as _chat_message_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MembershipUpdateEvent(_message.Message):
    __slots__ = ("clock", "members", "name", "type", "color")
    class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[MembershipUpdateEvent.EventType]
        CHAT_CREATED: _ClassVar[MembershipUpdateEvent.EventType]
        NAME_CHANGED: _ClassVar[MembershipUpdateEvent.EventType]
        MEMBERS_ADDED: _ClassVar[MembershipUpdateEvent.EventType]
        MEMBER_JOINED: _ClassVar[MembershipUpdateEvent.EventType]
        MEMBER_REMOVED: _ClassVar[MembershipUpdateEvent.EventType]
        ADMINS_ADDED: _ClassVar[MembershipUpdateEvent.EventType]
        ADMIN_REMOVED: _ClassVar[MembershipUpdateEvent.EventType]
        COLOR_CHANGED: _ClassVar[MembershipUpdateEvent.EventType]
        IMAGE_CHANGED: _ClassVar[MembershipUpdateEvent.EventType]
    UNKNOWN: MembershipUpdateEvent.EventType
    CHAT_CREATED: MembershipUpdateEvent.EventType
    NAME_CHANGED: MembershipUpdateEvent.EventType
    MEMBERS_ADDED: MembershipUpdateEvent.EventType
    MEMBER_JOINED: MembershipUpdateEvent.EventType
    MEMBER_REMOVED: MembershipUpdateEvent.EventType
    ADMINS_ADDED: MembershipUpdateEvent.EventType
    ADMIN_REMOVED: MembershipUpdateEvent.EventType
    COLOR_CHANGED: MembershipUpdateEvent.EventType
    IMAGE_CHANGED: MembershipUpdateEvent.EventType
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    clock: int
    members: _containers.RepeatedScalarFieldContainer[str]
    name: str
    type: MembershipUpdateEvent.EventType
    color: str
    def __init__(self, clock: _Optional[int] = ..., members: _Optional[_Iterable[str]] = ..., name: _Optional[str] = ..., type: _Optional[_Union[MembershipUpdateEvent.EventType, str]] = ..., color: _Optional[str] = ...) -> None: ...

class MembershipUpdateMessage(_message.Message):
    __slots__ = ("chat_id", "events", "message")
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    chat_id: str
    events: _containers.RepeatedScalarFieldContainer[bytes]
    message: _chat_message_pb2.ChatMessage
    def __init__(self, chat_id: _Optional[str] = ..., events: _Optional[_Iterable[bytes]] = ..., message: _Optional[_Union[_chat_message_pb2.ChatMessage, _Mapping]] = ...) -> None: ...
