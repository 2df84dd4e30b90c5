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

class ContactUpdate(_message.Message):
    __slots__ = ("clock", "ens_name", "display_name", "customization_color")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ENS_NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CUSTOMIZATION_COLOR_FIELD_NUMBER: _ClassVar[int]
    clock: int
    ens_name: str
    display_name: str
    customization_color: str
    def __init__(self, clock: _Optional[int] = ..., ens_name: _Optional[str] = ..., display_name: _Optional[str] = ..., customization_color: _Optional[str] = ...) -> None: ...
