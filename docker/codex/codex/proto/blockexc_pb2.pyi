from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BlockAddress(_message.Message):
    __slots__ = ("leaf", "treeCid", "index", "cid")
    LEAF_FIELD_NUMBER: _ClassVar[int]
    TREECID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CID_FIELD_NUMBER: _ClassVar[int]
    leaf: bool
    treeCid: bytes
    index: int
    cid: bytes
    def __init__(self, leaf: _Optional[bool] = ..., treeCid: _Optional[bytes] = ..., index: _Optional[int] = ..., cid: _Optional[bytes] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("address", "priority", "cancel", "wantType", "sendDontHave")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    WANTTYPE_FIELD_NUMBER: _ClassVar[int]
    SENDDONTHAVE_FIELD_NUMBER: _ClassVar[int]
    address: BlockAddress
    priority: int
    cancel: bool
    wantType: int
    sendDontHave: bool
    def __init__(self, address: _Optional[_Union[BlockAddress, _Mapping]] = ..., priority: _Optional[int] = ..., cancel: _Optional[bool] = ..., wantType: _Optional[int] = ..., sendDontHave: _Optional[bool] = ...) -> None: ...

class WantList(_message.Message):
    __slots__ = ("entries", "full")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[Entry]
    full: bool
    def __init__(self, entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ..., full: _Optional[bool] = ...) -> None: ...

class ProofNode(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: bytes
    def __init__(self, node: _Optional[bytes] = ...) -> None: ...

class Proof(_message.Message):
    __slots__ = ("mcodec", "index", "nleaves", "path")
    MCODEC_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NLEAVES_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    mcodec: int
    index: int
    nleaves: int
    path: _containers.RepeatedCompositeFieldContainer[ProofNode]
    def __init__(self, mcodec: _Optional[int] = ..., index: _Optional[int] = ..., nleaves: _Optional[int] = ..., path: _Optional[_Iterable[_Union[ProofNode, _Mapping]]] = ...) -> None: ...

class BlockDelivery(_message.Message):
    __slots__ = ("cid", "data", "address", "proof")
    CID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    cid: bytes
    data: bytes
    address: BlockAddress
    proof: Proof
    def __init__(self, cid: _Optional[bytes] = ..., data: _Optional[bytes] = ..., address: _Optional[_Union[BlockAddress, _Mapping]] = ..., proof: _Optional[_Union[Proof, _Mapping]] = ...) -> None: ...

class BlockPresence(_message.Message):
    __slots__ = ("address", "type", "price")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    address: BlockAddress
    type: int
    price: bytes
    def __init__(self, address: _Optional[_Union[BlockAddress, _Mapping]] = ..., type: _Optional[int] = ..., price: _Optional[bytes] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("wantlist", "payload", "blockPresences", "pendingBytes")
    WANTLIST_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    BLOCKPRESENCES_FIELD_NUMBER: _ClassVar[int]
    PENDINGBYTES_FIELD_NUMBER: _ClassVar[int]
    wantlist: WantList
    payload: _containers.RepeatedCompositeFieldContainer[BlockDelivery]
    blockPresences: _containers.RepeatedCompositeFieldContainer[BlockPresence]
    pendingBytes: int
    def __init__(self, wantlist: _Optional[_Union[WantList, _Mapping]] = ..., payload: _Optional[_Iterable[_Union[BlockDelivery, _Mapping]]] = ..., blockPresences: _Optional[_Iterable[_Union[BlockPresence, _Mapping]]] = ..., pendingBytes: _Optional[int] = ...) -> None: ...
