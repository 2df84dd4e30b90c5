from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ChatIdentity(_message.Message):
    __slots__ = ("clock", "ens_name", "display_name", "description", "color", "emoji", "first_message_timestamp")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ENS_NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    EMOJI_FIELD_NUMBER: _ClassVar[int]
    FIRST_MESSAGE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    clock: int
    ens_name: str
    display_name: str
    description: str
    color: str
    emoji: str
    first_message_timestamp: int
    def __init__(self, clock: _Optional[int] = ..., ens_name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., color: _Optional[str] = ..., emoji: _Optional[str] = ..., first_message_timestamp: _Optional[int] = ...) -> None: ...
