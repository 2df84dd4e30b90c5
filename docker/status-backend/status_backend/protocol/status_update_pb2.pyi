from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatusUpdate(_message.Message):
    __slots__ = ("clock", "status_type", "custom_text")
    class StatusType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN_STATUS_TYPE: _ClassVar[StatusUpdate.StatusType]
        AUTOMATIC: _ClassVar[StatusUpdate.StatusType]
        DO_NOT_DISTURB: _ClassVar[StatusUpdate.StatusType]
        ALWAYS_ONLINE: _ClassVar[StatusUpdate.StatusType]
        INACTIVE: _ClassVar[StatusUpdate.StatusType]
    UNKNOWN_STATUS_TYPE: StatusUpdate.StatusType
    AUTOMATIC: StatusUpdate.StatusType
    DO_NOT_DISTURB: StatusUpdate.StatusType
    ALWAYS_ONLINE: StatusUpdate.StatusType
    INACTIVE: StatusUpdate.StatusType
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    STATUS_TYPE_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_TEXT_FIELD_NUMBER: _ClassVar[int]
    clock: int
    status_type: StatusUpdate.StatusType
    custom_text: str
    def __init__(self, clock: _Optional[int] = ..., status_type: _Optional[_Union[StatusUpdate.StatusType, str]] = ..., custom_text: _Optional[str] = ...) -> None: ...
