"""Pubsub topics and autosharding."""

import pytest

from wakunode.topics import Shard, TopicError, autoshard


@pytest.mark.parametrize(
    ("content_topic", "shard"),
    # shards of eight, as nwaku's own documentation and tests have them
    [("/toychat/2/huilong/proto", 3), ("/statusim/1/community/cbor", 4), ("/0/toychat/2/huilong/proto", 3)],
)
def test_autoshard(content_topic: str, shard: int) -> None:
    assert str(autoshard(content_topic, 1, 8)) == f"/waku/2/rs/1/{shard}"


def test_only_application_and_version_choose_the_shard() -> None:
    assert autoshard("/app/1/one/proto", 1, 1024) == autoshard("/app/1/two/cbor", 1, 1024)
    assert autoshard("/app/1/one/proto", 1, 1024) != autoshard("/app/2/one/proto", 1, 1024)


@pytest.mark.parametrize("bad", ["", "app/1/n/proto", "/app/1/n", "/app/1//proto", "/1/app/1/n/proto", "/0/a/b/c/d/e"])
def test_content_topic_must_be_well_formed(bad: str) -> None:
    with pytest.raises(TopicError, match="invalid content topic"):
        autoshard(bad, 1, 8)


def test_pubsub_topic_round_trip() -> None:
    assert Shard.parse("/waku/2/rs/16/32") == Shard(16, 32)
    assert str(Shard(16, 64)) == "/waku/2/rs/16/64"


@pytest.mark.parametrize(
    "bad",
    ["", "/waku/2/default-waku/proto", "/waku/2/rs/16", "/waku/2/rs/16/32/1", "/waku/2/rs/a/1", "/waku/2/rs/1/1024",
     "/waku/2/rs/65536/1", "/waku/2/rs/1/-1", "/waku/2/rs/1/²"],
)  # fmt: skip
def test_pubsub_topic_must_be_a_shard(bad: str) -> None:
    with pytest.raises(TopicError, match="invalid pubsub topic"):
        Shard.parse(bad)
