"""Identifiers against values recorded from the original."""

import pytest

from status_backend.protocol import ids, signing

MEMBER = (
    "0x04a9b531e307362bfb69d537b1449bd4c6c4b7ad25962ecdf1409d7cc0b4ae4e6c"
    "320774619abe0ff2060c531b43f3d91bd5f40eb014b924242f9c2afcd7f8b7be"
)
COMMUNITY = "0x02b3db4c143d34ce427f6075183900a700246fee6b1575da9ea343728ecaeb95e7"


def test_request_to_join_id():
    recorded = "0xe1f22c60ca4fdaf0fc7c116e34a042d1e2ac06bfa3cdc01578e8d9451109f030"
    assert ids.request_to_join_id(MEMBER, COMMUNITY) == recorded


def test_revealed_account_signature():
    digest = ids.request_signing_hash(MEMBER, COMMUNITY)
    assert digest.hex() == "51450dd84cab990f39a1ad4423a69a30d17531dfdd9cf7f6dac314ee241da551"
    signature = bytes.fromhex(
        "9e5e6609b30bd75db2438a328b90adcf7891875420225cf1ec708593784a1a28"
        "4fe34e0a63c5b9b088ee1bccdefa7222e9c97657270274020dd1a503484d59111b"
    )
    signer = signing.recover_personal(signature, digest)
    assert ids.address(signer) == "0xfbf97c92850b0478a31ab9270643a9f14996b0c1"


def test_compressed_key():
    assert ids.compressed_key(MEMBER) == "zQ3shYqFuaHePCDs7kbZ3ciN13RRDuEHovtKoWdpKAgJCguR5"


def test_community_id_is_a_compressed_key():
    key = ids.parse_public_key(COMMUNITY)
    assert ids.community_id(key) == COMMUNITY
    assert ids.request_chat_id(COMMUNITY).startswith("04") and len(ids.request_chat_id(COMMUNITY)) == 130


def test_content_topic_form():
    assert ids.content_topic("status") == f"/waku/1/0x{ids.topic('status').hex()}/rfc26"
    assert len(ids.topic("status")) == 4


@pytest.mark.parametrize("text", ["", "0x", "nope", "0x04" + "00" * 64, "0x02" + "ff" * 32])
def test_bad_public_key(text):
    with pytest.raises(ids.InvalidKey):
        ids.parse_public_key(text)
