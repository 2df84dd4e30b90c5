from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Manifest(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: bytes
    def __init__(self, header: _Optional[bytes] = ...) -> None: ...

class Verification(_message.Message):
    __slots__ = ("verifyRoot", "slotRoots", "cellSize", "strategy")
    VERIFYROOT_FIELD_NUMBER: _ClassVar[int]
    SLOTROOTS_FIELD_NUMBER: _ClassVar[int]
    CELLSIZE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    verifyRoot: bytes
    slotRoots: _containers.RepeatedScalarFieldContainer[bytes]
    cellSize: int
    strategy: int
    def __init__(self, verifyRoot: _Optional[bytes] = ..., slotRoots: _Optional[_Iterable[bytes]] = ..., cellSize: _Optional[int] = ..., strategy: _Optional[int] = ...) -> None: ...

class Erasure(_message.Message):
    __slots__ = ("ecK", "ecM", "originalTreeCid", "originalDatasetSize", "strategy", "verification")
    ECK_FIELD_NUMBER: _ClassVar[int]
    ECM_FIELD_NUMBER: _ClassVar[int]
    ORIGINALTREECID_FIELD_NUMBER: _ClassVar[int]
    ORIGINALDATASETSIZE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_FIELD_NUMBER: _ClassVar[int]
    ecK: int
    ecM: int
    originalTreeCid: bytes
    originalDatasetSize: int
    strategy: int
    verification: Verification
    def __init__(self, ecK: _Optional[int] = ..., ecM: _Optional[int] = ..., originalTreeCid: _Optional[bytes] = ..., originalDatasetSize: _Optional[int] = ..., strategy: _Optional[int] = ..., verification: _Optional[_Union[Verification, _Mapping]] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("treeCid", "blockSize", "datasetSize", "codec", "hcodec", "version", "erasure", "filename", "mimetype")
    TREECID_FIELD_NUMBER: _ClassVar[int]
    BLOCKSIZE_FIELD_NUMBER: _ClassVar[int]
    DATASETSIZE_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    HCODEC_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ERASURE_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    MIMETYPE_FIELD_NUMBER: _ClassVar[int]
    treeCid: bytes
    blockSize: int
    datasetSize: int
    codec: int
    hcodec: int
    version: int
    erasure: Erasure
    filename: bytes
    mimetype: bytes
    def __init__(self, treeCid: _Optional[bytes] = ..., blockSize: _Optional[int] = ..., datasetSize: _Optional[int] = ..., codec: _Optional[int] = ..., hcodec: _Optional[int] = ..., version: _Optional[int] = ..., erasure: _Optional[_Union[Erasure, _Mapping]] = ..., filename: _Optional[bytes] = ..., mimetype: _Optional[bytes] = ...) -> None: ...
