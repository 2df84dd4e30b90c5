"""An example to copy: who is in a community reads what is written there, and who has left it does not.

To write your own: copy this file to test_<area>_<what>.py, say in the docstring what must be true, and keep the shape:
nodes, what they do, what must follow. `run_functional_tests_dev.sh test_example` runs it.
"""

from __future__ import annotations

import pytest

from clients.signals import SignalType
from steps.messenger import chat_texts, create_community, join_community, send_text

pytestmark = [pytest.mark.rpc, pytest.mark.wakuext]


def test_who_left_a_community_reads_it_no_more(backend_new_profiles, timings):
    """A member that left gets no message any more, while one that stayed does."""
    # Nodes of this test alone, started at once, each with an account that is logged in. They go when the test ends.
    owner, stays, leaves = backend_new_profiles("owner", "stays", "leaves")

    # Steps are what people do with several nodes. What only one node does is a call of its service: see below.
    community_id = create_community(owner)
    chat_id = join_community(stays, owner, community_id)
    join_community(leaves, owner, community_id)

    # Waiting: the cursor is set before the action, so nothing older can satisfy it. Deadlines come from `timings`.
    with (
        stays.expect(SignalType.MESSAGES_NEW, "welcome", timeout=timings.step_deadline),
        leaves.expect(SignalType.MESSAGES_NEW, "welcome", timeout=timings.step_deadline),
    ):
        send_text(owner, chat_id, "welcome")

    leaves.wakuext_service.leave_community(community_id)

    # That something does not happen is bounded by something that does: no quiet period, no sleep.
    arrives = stays.expect(SignalType.MESSAGES_NEW, "among us", timeout=timings.step_deadline)
    with leaves.expect_no_signal(SignalType.MESSAGES_NEW, "among us", until=arrives):
        send_text(owner, chat_id, "among us")

    # What a node says at last counts more than what it signalled on the way.
    assert sorted(chat_texts(stays, chat_id).values()) == ["among us", "welcome"]
    assert "among us" not in chat_texts(leaves, chat_id).values()
