from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class AcceptContactRequest(_message.Message):
    __slots__ = ("id", "clock")
    ID_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    id: str
    clock: int
    def __init__(self, id: _Optional[str] = ..., clock: _Optional[int] = ...) -> None: ...

class RetractContactRequest(_message.Message):
    __slots__ = ("id", "clock")
    ID_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    id: str
    clock: int
    def __init__(self, id: _Optional[str] = ..., clock: _Optional[int] = ...) -> None: ...
