from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Request(_message.Message):
    __slots__ = ("announce", "find", "findPeer", "record")
    ANNOUNCE_FIELD_NUMBER: _ClassVar[int]
    FIND_FIELD_NUMBER: _ClassVar[int]
    FINDPEER_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    announce: _containers.RepeatedScalarFieldContainer[bytes]
    find: bytes
    findPeer: bytes
    record: bytes
    def __init__(self, announce: _Optional[_Iterable[bytes]] = ..., find: _Optional[bytes] = ..., findPeer: _Optional[bytes] = ..., record: _Optional[bytes] = ...) -> None: ...

class Response(_message.Message):
    __slots__ = ("records", "closer")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    CLOSER_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedScalarFieldContainer[bytes]
    closer: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, records: _Optional[_Iterable[bytes]] = ..., closer: _Optional[_Iterable[bytes]] = ...) -> None: ...
