"""Keys of an encrypted community, when owner or member dies before any of its commits and comes back.

What was committed is there, what was not is rolled back, as after kill -9.
"""

from __future__ import annotations

import asyncio

import pytest
from chain_process import CHAIN, TOKEN, Chain
from coincurve import PrivateKey

from status_backend.protocol import ids, signing

pytestmark = pytest.mark.anyio

COMMUNITY = {"name": "a name", "description": "a description", "color": "#887af9", "membership": 1}
TEN = {"contract_addresses": {str(CHAIN): TOKEN}, "type": 1, "symbol": "TKN", "amountInWei": "10"}
MEMBERS_ONLY = 2
WRITES = ("INSERT", "REPLACE", "UPDATE", "DELETE")


class Killed(BaseException):
    """Not an Exception: no handler of the program may survive it."""


class Life:
    """Ends with the attempt to commit once more than `commits` times; from then on nothing reaches the disk."""

    def __init__(self, node, commits: int) -> None:
        self.over = asyncio.Event()
        self._left = commits
        self._db = node.session.db
        self._execute = self._db.execute
        self._db.execute = self._limited

    def _limited(self, sql, params=()):
        commits = sql == "COMMIT" or (self._db._depth == 0 and sql.lstrip().startswith(WRITES))
        if self.over.is_set() or (commits and self._left == 0):
            self.over.set()
            raise Killed
        self._left -= commits
        return self._execute(sql, params)

    async def lasts(self, *awaited) -> bool:
        """Whether it lasts until all of these are done."""
        work, end = asyncio.gather(*awaited), asyncio.ensure_future(self.over.wait())
        await asyncio.wait([work, end], return_when=asyncio.FIRST_COMPLETED)
        for task in (work, end):
            task.cancel()
        await asyncio.wait([work, end])
        if not work.cancelled():
            work.exception()
        return not self.over.is_set()


@pytest.fixture
async def encrypted(new_node):
    """Owner, member, and the ids of the community and its channel."""
    chain, key = Chain(), PrivateKey()
    owner, member = await new_node("owner"), await new_node("member")
    owner.session.node_config.set("Networks", [chain.network])
    created = await owner.rpc("createCommunity", COMMUNITY)
    community_id, chat_id = created["communities"][0]["id"], created["chats"][0]["id"]
    permission = {"communityId": community_id, "type": MEMBERS_ONLY, "tokenCriteria": [TEN]}
    await owner.rpc("createCommunityTokenPermission", permission)
    await owner.in_step()
    await member.rpc("fetchCommunity", {"communityKey": community_id, "tryDatabase": True, "waitForResponse": True})
    address = ids.address(key.public_key)
    chain.give(TOKEN, address, 10)
    signature = ids.hex0x(signing.sign_personal(key, ids.request_signing_hash(member.public_key, community_id)))
    request = {"communityId": community_id, "addressesToReveal": [address], "airdropAddress": address}
    await member.rpc("requestToJoinCommunity", {**request, "signatures": [signature]})
    await member.wait("messages.new", lambda e: any(r["state"] == 3 for r in e.get("requestsToJoinCommunity", [])))
    await member.in_step()
    yield owner, member, community_id, chat_id
    chain.stop()


def keys(node, community_id):
    return node.messenger._encrypted._encryption.keys(ids.from_hex(community_id))


def let_in_a_ghost(owner, community_id) -> str:
    """A member of whom there is nothing but the name. When it is kicked the key has to be renewed."""
    ghost, communities = ids.public_key_id(PrivateKey().public_key), owner.messenger.communities
    with owner.messenger._context.work() as response:
        community = communities.controlled(community_id)
        draft = community.draft()
        draft.members[ghost].last_update_clock = 1
        communities.publish(response, community, draft)
    return ghost


async def kick_and_say(owner, community_id, chat_id, ghost, text):
    """As far as it is not done yet. What is known to have been said before the kick is under the former key."""
    if ghost in owner.messenger.communities.get(community_id).description.members:
        await owner.rpc("removeUserFromCommunity", community_id, ghost)
    if text not in (await owner.history(chat_id) or []):
        await owner.rpc("sendChatMessage", {"chatId": chat_id, "text": text, "contentType": 1})


async def has_read(node, chat_id, said) -> bool:
    return await node.history(chat_id) == said


@pytest.mark.parametrize("victim", ["owner", "member"])
async def test_killed_before_any_commit(encrypted, victim):
    owner, member, community_id, chat_id = encrypted
    dies = owner if victim == "owner" else member
    said, commits, survived = [], 0, False
    while not survived:
        ghost, before, text = let_in_a_ghost(owner, community_id), keys(owner, community_id), f"after {commits} commits"
        await owner.in_step()
        life = Life(dies, commits)
        try:
            work = [kick_and_say(owner, community_id, chat_id, ghost, text)]
            survived = await life.lasts(*work, owner.in_step() if victim == "owner" else member.message(text))
        except Killed:
            survived = False
        if not survived:
            await dies.stop()
            dies.signals.clear()
            await dies.start()
        await kick_and_say(owner, community_id, chat_id, ghost, text)
        said.insert(0, text)
        await member.until(lambda: has_read(member, chat_id, said))
        now = keys(owner, community_id)
        assert now[:-1] == before, "no key is lost, and it was renewed once"
        assert keys(member, community_id) == now
        commits += 1
    assert commits > 1, "it never died"
