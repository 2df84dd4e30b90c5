from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ApplicationMetadataMessage(_message.Message):
    __slots__ = ("signature", "payload", "type")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[ApplicationMetadataMessage.Type]
        CHAT_MESSAGE: _ClassVar[ApplicationMetadataMessage.Type]
        CONTACT_UPDATE: _ClassVar[ApplicationMetadataMessage.Type]
        MEMBERSHIP_UPDATE_MESSAGE: _ClassVar[ApplicationMetadataMessage.Type]
        REQUEST_ADDRESS_FOR_TRANSACTION: _ClassVar[ApplicationMetadataMessage.Type]
        ACCEPT_REQUEST_ADDRESS_FOR_TRANSACTION: _ClassVar[ApplicationMetadataMessage.Type]
        DECLINE_REQUEST_ADDRESS_FOR_TRANSACTION: _ClassVar[ApplicationMetadataMessage.Type]
        REQUEST_TRANSACTION: _ClassVar[ApplicationMetadataMessage.Type]
        SEND_TRANSACTION: _ClassVar[ApplicationMetadataMessage.Type]
        DECLINE_REQUEST_TRANSACTION: _ClassVar[ApplicationMetadataMessage.Type]
        CONTACT_CODE_ADVERTISEMENT: _ClassVar[ApplicationMetadataMessage.Type]
        EMOJI_REACTION: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_DESCRIPTION: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_REQUEST_TO_JOIN: _ClassVar[ApplicationMetadataMessage.Type]
        PIN_MESSAGE: _ClassVar[ApplicationMetadataMessage.Type]
        EDIT_MESSAGE: _ClassVar[ApplicationMetadataMessage.Type]
        STATUS_UPDATE: _ClassVar[ApplicationMetadataMessage.Type]
        DELETE_MESSAGE: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_MESSAGE_ARCHIVE_MAGNETLINK: _ClassVar[ApplicationMetadataMessage.Type]
        ACCEPT_CONTACT_REQUEST: _ClassVar[ApplicationMetadataMessage.Type]
        RETRACT_CONTACT_REQUEST: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_REQUEST_TO_JOIN_RESPONSE: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_REQUEST_TO_LEAVE: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID: _ClassVar[ApplicationMetadataMessage.Type]
        MESSAGE_ACKNOWLEDGEMENT: _ClassVar[ApplicationMetadataMessage.Type]
        HASH_RATCHET_KEYS: _ClassVar[ApplicationMetadataMessage.Type]
        HASH_RATCHET_MESSAGE: _ClassVar[ApplicationMetadataMessage.Type]
        COMMUNITY_ENCRYPTION_KEYS_REQUEST: _ClassVar[ApplicationMetadataMessage.Type]
    UNKNOWN: ApplicationMetadataMessage.Type
    CHAT_MESSAGE: ApplicationMetadataMessage.Type
    CONTACT_UPDATE: ApplicationMetadataMessage.Type
    MEMBERSHIP_UPDATE_MESSAGE: ApplicationMetadataMessage.Type
    REQUEST_ADDRESS_FOR_TRANSACTION: ApplicationMetadataMessage.Type
    ACCEPT_REQUEST_ADDRESS_FOR_TRANSACTION: ApplicationMetadataMessage.Type
    DECLINE_REQUEST_ADDRESS_FOR_TRANSACTION: ApplicationMetadataMessage.Type
    REQUEST_TRANSACTION: ApplicationMetadataMessage.Type
    SEND_TRANSACTION: ApplicationMetadataMessage.Type
    DECLINE_REQUEST_TRANSACTION: ApplicationMetadataMessage.Type
    CONTACT_CODE_ADVERTISEMENT: ApplicationMetadataMessage.Type
    EMOJI_REACTION: ApplicationMetadataMessage.Type
    COMMUNITY_DESCRIPTION: ApplicationMetadataMessage.Type
    COMMUNITY_REQUEST_TO_JOIN: ApplicationMetadataMessage.Type
    PIN_MESSAGE: ApplicationMetadataMessage.Type
    EDIT_MESSAGE: ApplicationMetadataMessage.Type
    STATUS_UPDATE: ApplicationMetadataMessage.Type
    DELETE_MESSAGE: ApplicationMetadataMessage.Type
    COMMUNITY_MESSAGE_ARCHIVE_MAGNETLINK: ApplicationMetadataMessage.Type
    ACCEPT_CONTACT_REQUEST: ApplicationMetadataMessage.Type
    RETRACT_CONTACT_REQUEST: ApplicationMetadataMessage.Type
    COMMUNITY_REQUEST_TO_JOIN_RESPONSE: ApplicationMetadataMessage.Type
    COMMUNITY_REQUEST_TO_LEAVE: ApplicationMetadataMessage.Type
    COMMUNITY_MESSAGE_ARCHIVE_INDEX_CID: ApplicationMetadataMessage.Type
    MESSAGE_ACKNOWLEDGEMENT: ApplicationMetadataMessage.Type
    HASH_RATCHET_KEYS: ApplicationMetadataMessage.Type
    HASH_RATCHET_MESSAGE: ApplicationMetadataMessage.Type
    COMMUNITY_ENCRYPTION_KEYS_REQUEST: ApplicationMetadataMessage.Type
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    signature: bytes
    payload: bytes
    type: ApplicationMetadataMessage.Type
    def __init__(self, signature: _Optional[bytes] = ..., payload: _Optional[bytes] = ..., type: _Optional[_Union[ApplicationMetadataMessage.Type, str]] = ...) -> None: ...
