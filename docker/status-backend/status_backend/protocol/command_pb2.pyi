from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class RequestAddressForTransaction(_message.Message):
    __slots__ = ("clock", "value", "contract", "chat_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    value: str
    contract: str
    chat_id: str
    def __init__(self, clock: _Optional[int] = ..., value: _Optional[str] = ..., contract: _Optional[str] = ..., chat_id: _Optional[str] = ...) -> None: ...

class AcceptRequestAddressForTransaction(_message.Message):
    __slots__ = ("clock", "id", "address", "chat_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    id: str
    address: str
    chat_id: str
    def __init__(self, clock: _Optional[int] = ..., id: _Optional[str] = ..., address: _Optional[str] = ..., chat_id: _Optional[str] = ...) -> None: ...

class DeclineRequestAddressForTransaction(_message.Message):
    __slots__ = ("clock", "id", "chat_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    id: str
    chat_id: str
    def __init__(self, clock: _Optional[int] = ..., id: _Optional[str] = ..., chat_id: _Optional[str] = ...) -> None: ...

class DeclineRequestTransaction(_message.Message):
    __slots__ = ("clock", "id", "chat_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    id: str
    chat_id: str
    def __init__(self, clock: _Optional[int] = ..., id: _Optional[str] = ..., chat_id: _Optional[str] = ...) -> None: ...

class RequestTransaction(_message.Message):
    __slots__ = ("clock", "address", "value", "contract", "chat_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    address: str
    value: str
    contract: str
    chat_id: str
    def __init__(self, clock: _Optional[int] = ..., address: _Optional[str] = ..., value: _Optional[str] = ..., contract: _Optional[str] = ..., chat_id: _Optional[str] = ...) -> None: ...

class SendTransaction(_message.Message):
    __slots__ = ("clock", "id", "transaction_hash", "signature", "chat_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    TRANSACTION_HASH_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    id: str
    transaction_hash: str
    signature: bytes
    chat_id: str
    def __init__(self, clock: _Optional[int] = ..., id: _Optional[str] = ..., transaction_hash: _Optional[str] = ..., signature: _Optional[bytes] = ..., chat_id: _Optional[str] = ...) -> None: ...
