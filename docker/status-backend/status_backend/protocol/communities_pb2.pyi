from status_backend.protocol import chat_identity_pb2 as _chat_identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommunityTokenType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN_TOKEN_TYPE: _ClassVar[CommunityTokenType]
    ERC20: _ClassVar[CommunityTokenType]
    ERC721: _ClassVar[CommunityTokenType]
    ENS: _ClassVar[CommunityTokenType]
UNKNOWN_TOKEN_TYPE: CommunityTokenType
ERC20: CommunityTokenType
ERC721: CommunityTokenType
ENS: CommunityTokenType

class RevealedAccount(_message.Message):
    __slots__ = ("address", "signature", "chain_ids", "isAirdropAddress")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CHAIN_IDS_FIELD_NUMBER: _ClassVar[int]
    ISAIRDROPADDRESS_FIELD_NUMBER: _ClassVar[int]
    address: str
    signature: bytes
    chain_ids: _containers.RepeatedScalarFieldContainer[int]
    isAirdropAddress: bool
    def __init__(self, address: _Optional[str] = ..., signature: _Optional[bytes] = ..., chain_ids: _Optional[_Iterable[int]] = ..., isAirdropAddress: _Optional[bool] = ...) -> None: ...

class CommunityMember(_message.Message):
    __slots__ = ("roles", "last_update_clock", "channel_role")
    class Roles(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ROLE_NONE: _ClassVar[CommunityMember.Roles]
        ROLE_OWNER: _ClassVar[CommunityMember.Roles]
        ROLE_ADMIN: _ClassVar[CommunityMember.Roles]
        ROLE_TOKEN_MASTER: _ClassVar[CommunityMember.Roles]
    ROLE_NONE: CommunityMember.Roles
    ROLE_OWNER: CommunityMember.Roles
    ROLE_ADMIN: CommunityMember.Roles
    ROLE_TOKEN_MASTER: CommunityMember.Roles
    class ChannelRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHANNEL_ROLE_POSTER: _ClassVar[CommunityMember.ChannelRole]
        CHANNEL_ROLE_VIEWER: _ClassVar[CommunityMember.ChannelRole]
    CHANNEL_ROLE_POSTER: CommunityMember.ChannelRole
    CHANNEL_ROLE_VIEWER: CommunityMember.ChannelRole
    ROLES_FIELD_NUMBER: _ClassVar[int]
    LAST_UPDATE_CLOCK_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ROLE_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedScalarFieldContainer[CommunityMember.Roles]
    last_update_clock: int
    channel_role: CommunityMember.ChannelRole
    def __init__(self, roles: _Optional[_Iterable[_Union[CommunityMember.Roles, str]]] = ..., last_update_clock: _Optional[int] = ..., channel_role: _Optional[_Union[CommunityMember.ChannelRole, str]] = ...) -> None: ...

class TokenCriteria(_message.Message):
    __slots__ = ("contract_addresses", "type", "symbol", "name", "amount", "token_ids", "ens_pattern", "decimals", "amountInWei")
    class ContractAddressesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: str
        def __init__(self, key: _Optional[int] = ..., value: _Optional[str] = ...) -> None: ...
    CONTRACT_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_IDS_FIELD_NUMBER: _ClassVar[int]
    ENS_PATTERN_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    AMOUNTINWEI_FIELD_NUMBER: _ClassVar[int]
    contract_addresses: _containers.ScalarMap[int, str]
    type: CommunityTokenType
    symbol: str
    name: str
    amount: str
    token_ids: _containers.RepeatedScalarFieldContainer[int]
    ens_pattern: str
    decimals: int
    amountInWei: str
    def __init__(self, contract_addresses: _Optional[_Mapping[int, str]] = ..., type: _Optional[_Union[CommunityTokenType, str]] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., amount: _Optional[str] = ..., token_ids: _Optional[_Iterable[int]] = ..., ens_pattern: _Optional[str] = ..., decimals: _Optional[int] = ..., amountInWei: _Optional[str] = ...) -> None: ...

class CommunityTokenPermission(_message.Message):
    __slots__ = ("id", "type", "token_criteria", "chat_ids", "is_private")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN_TOKEN_PERMISSION: _ClassVar[CommunityTokenPermission.Type]
        BECOME_ADMIN: _ClassVar[CommunityTokenPermission.Type]
        BECOME_MEMBER: _ClassVar[CommunityTokenPermission.Type]
        CAN_VIEW_CHANNEL: _ClassVar[CommunityTokenPermission.Type]
        CAN_VIEW_AND_POST_CHANNEL: _ClassVar[CommunityTokenPermission.Type]
        BECOME_TOKEN_MASTER: _ClassVar[CommunityTokenPermission.Type]
    UNKNOWN_TOKEN_PERMISSION: CommunityTokenPermission.Type
    BECOME_ADMIN: CommunityTokenPermission.Type
    BECOME_MEMBER: CommunityTokenPermission.Type
    CAN_VIEW_CHANNEL: CommunityTokenPermission.Type
    CAN_VIEW_AND_POST_CHANNEL: CommunityTokenPermission.Type
    BECOME_TOKEN_MASTER: CommunityTokenPermission.Type
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_CRITERIA_FIELD_NUMBER: _ClassVar[int]
    CHAT_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_PRIVATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: CommunityTokenPermission.Type
    token_criteria: _containers.RepeatedCompositeFieldContainer[TokenCriteria]
    chat_ids: _containers.RepeatedScalarFieldContainer[str]
    is_private: bool
    def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[CommunityTokenPermission.Type, str]] = ..., token_criteria: _Optional[_Iterable[_Union[TokenCriteria, _Mapping]]] = ..., chat_ids: _Optional[_Iterable[str]] = ..., is_private: _Optional[bool] = ...) -> None: ...

class CommunityPermissions(_message.Message):
    __slots__ = ("ens_only", "private", "access")
    class Access(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN_ACCESS: _ClassVar[CommunityPermissions.Access]
        AUTO_ACCEPT: _ClassVar[CommunityPermissions.Access]
        INVITATION_ONLY: _ClassVar[CommunityPermissions.Access]
        MANUAL_ACCEPT: _ClassVar[CommunityPermissions.Access]
    UNKNOWN_ACCESS: CommunityPermissions.Access
    AUTO_ACCEPT: CommunityPermissions.Access
    INVITATION_ONLY: CommunityPermissions.Access
    MANUAL_ACCEPT: CommunityPermissions.Access
    ENS_ONLY_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    ens_only: bool
    private: bool
    access: CommunityPermissions.Access
    def __init__(self, ens_only: _Optional[bool] = ..., private: _Optional[bool] = ..., access: _Optional[_Union[CommunityPermissions.Access, str]] = ...) -> None: ...

class CommunityAdminSettings(_message.Message):
    __slots__ = ("pin_message_all_members_enabled",)
    PIN_MESSAGE_ALL_MEMBERS_ENABLED_FIELD_NUMBER: _ClassVar[int]
    pin_message_all_members_enabled: bool
    def __init__(self, pin_message_all_members_enabled: _Optional[bool] = ...) -> None: ...

class CommunityChat(_message.Message):
    __slots__ = ("members", "permissions", "identity", "category_id", "position", "viewers_can_post_reactions", "hide_if_permissions_not_met")
    class MembersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CommunityMember
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CommunityMember, _Mapping]] = ...) -> None: ...
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    VIEWERS_CAN_POST_REACTIONS_FIELD_NUMBER: _ClassVar[int]
    HIDE_IF_PERMISSIONS_NOT_MET_FIELD_NUMBER: _ClassVar[int]
    members: _containers.MessageMap[str, CommunityMember]
    permissions: CommunityPermissions
    identity: _chat_identity_pb2.ChatIdentity
    category_id: str
    position: int
    viewers_can_post_reactions: bool
    hide_if_permissions_not_met: bool
    def __init__(self, members: _Optional[_Mapping[str, CommunityMember]] = ..., permissions: _Optional[_Union[CommunityPermissions, _Mapping]] = ..., identity: _Optional[_Union[_chat_identity_pb2.ChatIdentity, _Mapping]] = ..., category_id: _Optional[str] = ..., position: _Optional[int] = ..., viewers_can_post_reactions: _Optional[bool] = ..., hide_if_permissions_not_met: _Optional[bool] = ...) -> None: ...

class CommunityCategory(_message.Message):
    __slots__ = ("category_id", "name", "position")
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    category_id: str
    name: str
    position: int
    def __init__(self, category_id: _Optional[str] = ..., name: _Optional[str] = ..., position: _Optional[int] = ...) -> None: ...

class CommunityBanInfo(_message.Message):
    __slots__ = ("delete_all_messages",)
    DELETE_ALL_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    delete_all_messages: bool
    def __init__(self, delete_all_messages: _Optional[bool] = ...) -> None: ...

class CommunityDescription(_message.Message):
    __slots__ = ("clock", "members", "permissions", "identity", "chats", "ban_list", "categories", "archive_magnetlink_clock", "admin_settings", "intro_message", "outro_message", "encrypted", "tags", "token_permissions", "active_members_count", "ID", "banned_members", "archive_index_cid_clock")
    class MembersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CommunityMember
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CommunityMember, _Mapping]] = ...) -> None: ...
    class ChatsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CommunityChat
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CommunityChat, _Mapping]] = ...) -> None: ...
    class CategoriesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CommunityCategory
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CommunityCategory, _Mapping]] = ...) -> None: ...
    class TokenPermissionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CommunityTokenPermission
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CommunityTokenPermission, _Mapping]] = ...) -> None: ...
    class BannedMembersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CommunityBanInfo
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CommunityBanInfo, _Mapping]] = ...) -> None: ...
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    CHATS_FIELD_NUMBER: _ClassVar[int]
    BAN_LIST_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    ARCHIVE_MAGNETLINK_CLOCK_FIELD_NUMBER: _ClassVar[int]
    ADMIN_SETTINGS_FIELD_NUMBER: _ClassVar[int]
    INTRO_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    OUTRO_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_MEMBERS_COUNT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    BANNED_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ARCHIVE_INDEX_CID_CLOCK_FIELD_NUMBER: _ClassVar[int]
    clock: int
    members: _containers.MessageMap[str, CommunityMember]
    permissions: CommunityPermissions
    identity: _chat_identity_pb2.ChatIdentity
    chats: _containers.MessageMap[str, CommunityChat]
    ban_list: _containers.RepeatedScalarFieldContainer[str]
    categories: _containers.MessageMap[str, CommunityCategory]
    archive_magnetlink_clock: int
    admin_settings: CommunityAdminSettings
    intro_message: str
    outro_message: str
    encrypted: bool
    tags: _containers.RepeatedScalarFieldContainer[str]
    token_permissions: _containers.MessageMap[str, CommunityTokenPermission]
    active_members_count: int
    ID: str
    banned_members: _containers.MessageMap[str, CommunityBanInfo]
    archive_index_cid_clock: int
    def __init__(self, clock: _Optional[int] = ..., members: _Optional[_Mapping[str, CommunityMember]] = ..., permissions: _Optional[_Union[CommunityPermissions, _Mapping]] = ..., identity: _Optional[_Union[_chat_identity_pb2.ChatIdentity, _Mapping]] = ..., chats: _Optional[_Mapping[str, CommunityChat]] = ..., ban_list: _Optional[_Iterable[str]] = ..., categories: _Optional[_Mapping[str, CommunityCategory]] = ..., archive_magnetlink_clock: _Optional[int] = ..., admin_settings: _Optional[_Union[CommunityAdminSettings, _Mapping]] = ..., intro_message: _Optional[str] = ..., outro_message: _Optional[str] = ..., encrypted: _Optional[bool] = ..., tags: _Optional[_Iterable[str]] = ..., token_permissions: _Optional[_Mapping[str, CommunityTokenPermission]] = ..., active_members_count: _Optional[int] = ..., ID: _Optional[str] = ..., banned_members: _Optional[_Mapping[str, CommunityBanInfo]] = ..., archive_index_cid_clock: _Optional[int] = ...) -> None: ...

class CommunityRequestToJoin(_message.Message):
    __slots__ = ("clock", "ens_name", "chat_id", "community_id", "display_name", "revealed_accounts", "customization_color")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    ENS_NAME_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    COMMUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    REVEALED_ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMIZATION_COLOR_FIELD_NUMBER: _ClassVar[int]
    clock: int
    ens_name: str
    chat_id: str
    community_id: bytes
    display_name: str
    revealed_accounts: _containers.RepeatedCompositeFieldContainer[RevealedAccount]
    customization_color: str
    def __init__(self, clock: _Optional[int] = ..., ens_name: _Optional[str] = ..., chat_id: _Optional[str] = ..., community_id: _Optional[bytes] = ..., display_name: _Optional[str] = ..., revealed_accounts: _Optional[_Iterable[_Union[RevealedAccount, _Mapping]]] = ..., customization_color: _Optional[str] = ...) -> None: ...

class Grant(_message.Message):
    __slots__ = ("community_id", "member_id", "chat_id", "clock")
    COMMUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    CHAT_ID_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    community_id: bytes
    member_id: bytes
    chat_id: str
    clock: int
    def __init__(self, community_id: _Optional[bytes] = ..., member_id: _Optional[bytes] = ..., chat_id: _Optional[str] = ..., clock: _Optional[int] = ...) -> None: ...

class CommunityRequestToLeave(_message.Message):
    __slots__ = ("clock", "community_id")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    COMMUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    community_id: bytes
    def __init__(self, clock: _Optional[int] = ..., community_id: _Optional[bytes] = ...) -> None: ...

class CommunityRequestToJoinResponse(_message.Message):
    __slots__ = ("clock", "community", "accepted", "grant", "community_id", "magnet_uri", "protected_topic_private_key", "community_description_protocol_message", "index_cid")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    COMMUNITY_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    COMMUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    MAGNET_URI_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_TOPIC_PRIVATE_KEY_FIELD_NUMBER: _ClassVar[int]
    COMMUNITY_DESCRIPTION_PROTOCOL_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INDEX_CID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    community: CommunityDescription
    accepted: bool
    grant: bytes
    community_id: bytes
    magnet_uri: str
    protected_topic_private_key: bytes
    community_description_protocol_message: bytes
    index_cid: str
    def __init__(self, clock: _Optional[int] = ..., community: _Optional[_Union[CommunityDescription, _Mapping]] = ..., accepted: _Optional[bool] = ..., grant: _Optional[bytes] = ..., community_id: _Optional[bytes] = ..., magnet_uri: _Optional[str] = ..., protected_topic_private_key: _Optional[bytes] = ..., community_description_protocol_message: _Optional[bytes] = ..., index_cid: _Optional[str] = ...) -> None: ...

class CommunityMessageArchiveMagnetlink(_message.Message):
    __slots__ = ("clock", "magnet_uri")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    MAGNET_URI_FIELD_NUMBER: _ClassVar[int]
    clock: int
    magnet_uri: str
    def __init__(self, clock: _Optional[int] = ..., magnet_uri: _Optional[str] = ...) -> None: ...

class CommunityMessageArchiveIndexCid(_message.Message):
    __slots__ = ("clock", "cid")
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    CID_FIELD_NUMBER: _ClassVar[int]
    clock: int
    cid: str
    def __init__(self, clock: _Optional[int] = ..., cid: _Optional[str] = ...) -> None: ...
