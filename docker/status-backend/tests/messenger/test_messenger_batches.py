"""What arrives together goes to disk together and is told together, and costs what is new in it."""

from __future__ import annotations

import time

import pytest

from status_backend.messenger import community_store
from status_backend.messenger.chat_views import ChatViews
from status_backend.protocol import application, ids, payload
from status_backend.protocol.application import Type
from status_backend.protocol.chat_message_pb2 import COMMUNITY_CHAT, ChatMessage
from status_backend.protocol.waku_message import Envelope
from status_backend.transport.filters import Filter

pytestmark = pytest.mark.anyio


def envelopes(author, chat_id: str, texts: list[str]) -> list[Envelope]:
    """As they come from a Waku node."""
    made = []
    for number, text in enumerate(texts):
        when = time.time_ns() // 1_000_000 + number
        body = ChatMessage(clock=when, timestamp=when, text=text, chat_id=chat_id, content_type=1)
        body.message_type = COMMUNITY_CHAT
        wrapped = application.wrap(body.SerializeToString(), Type.CHAT_MESSAGE, author)
        sealed = payload.seal_symmetric(payload.encode(wrapped, author), payload.symmetric_key(chat_id))
        made.append(Envelope("/waku/2/rs/16/32", ids.content_topic(chat_id), sealed, time.time_ns()))
    return made


async def test_a_batch(owner_and_member, monkeypatch):
    owner, member, _, chat_id = owner_and_member
    texts = [f"message {number}" for number in range(20)]
    arrived = envelopes(owner.key, chat_id, texts)
    assert Filter(chat_id) in member.messenger.transport.filters()
    counts = {"commits": 0, "descriptions": 0, "views": 0}
    execute, parse, view = member.session.db.execute, community_store.read_description, ChatViews.chat

    def counted(name, function, when=lambda *args: True):
        def count(*args, **kwargs):
            counts[name] += when(*args)
            return function(*args, **kwargs)

        return count

    monkeypatch.setattr(member.session.db, "execute", counted("commits", execute, lambda sql, *_: sql == "COMMIT"))
    monkeypatch.setattr(community_store, "read_description", counted("descriptions", parse))
    monkeypatch.setattr(ChatViews, "chat", counted("views", view))
    member.signals.clear()
    member.messenger.transport._deliver(arrived)
    assert counts == {"commits": 1, "descriptions": 0, "views": 1}
    event = await member.wait("messages.new", lambda e: e.get("messages"))
    assert [message["text"] for message in event["messages"]] == texts
    (chat,) = event["chats"]
    assert chat["lastMessage"]["text"] == texts[-1] and chat["unviewedMessagesCount"] == len(texts)


async def test_what_changes_in_a_description_is_seen(owner_and_member):
    """It is kept parsed, but only as long as it is the one on disk."""
    owner, member, community_id, _ = owner_and_member
    shared = owner.messenger.communities.get(community_id)
    assert owner.messenger.communities.get(community_id).description is shared.description
    draft = shared.draft()
    draft.chats.clear()
    assert owner.messenger.communities.get(community_id).chat_ids(), "a draft is a copy"
    await owner.rpc("createCommunityChat", community_id, {"identity": {"display_name": "more"}})
    assert len(owner.messenger.communities.get(community_id).chat_ids()) == 2
    await member.wait("messages.new", lambda e: any(len(c["chats"]) == 2 for c in e.get("communities", [])))
    assert len(member.messenger.communities.get(community_id).chat_ids()) == 2
