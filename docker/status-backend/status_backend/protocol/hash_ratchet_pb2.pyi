from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HashRatchetKey(_message.Message):
    __slots__ = ("group_id", "key_id", "key", "timestamp")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    group_id: bytes
    key_id: bytes
    key: bytes
    timestamp: int
    def __init__(self, group_id: _Optional[bytes] = ..., key_id: _Optional[bytes] = ..., key: _Optional[bytes] = ..., timestamp: _Optional[int] = ...) -> None: ...

class HashRatchetKeys(_message.Message):
    __slots__ = ("community_id", "keys")
    COMMUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    community_id: bytes
    keys: _containers.RepeatedCompositeFieldContainer[HashRatchetKey]
    def __init__(self, community_id: _Optional[bytes] = ..., keys: _Optional[_Iterable[_Union[HashRatchetKey, _Mapping]]] = ...) -> None: ...

class CommunityEncryptionKeysRequest(_message.Message):
    __slots__ = ("community_id", "clock")
    COMMUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    community_id: bytes
    clock: int
    def __init__(self, community_id: _Optional[bytes] = ..., clock: _Optional[int] = ...) -> None: ...

class HashRatchetMessage(_message.Message):
    __slots__ = ("group_id", "key_id", "seq_no", "ciphertext")
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_NO_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    group_id: bytes
    key_id: bytes
    seq_no: int
    ciphertext: bytes
    def __init__(self, group_id: _Optional[bytes] = ..., key_id: _Optional[bytes] = ..., seq_no: _Optional[int] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...
