"""Store queries and pages as JSON: the answer of the REST interface, and both as relay links carry them."""

from __future__ import annotations

import uuid
from typing import Any

from wakunode.message import hash_text, parse_hash
from wakunode.store import Page, Query


def query_to_json(query: Query, include_data: bool) -> dict[str, Any]:
    return {
        "pubsubTopic": query.pubsub_topic,
        "contentTopics": list(query.content_topics),
        "startTime": query.start_time,
        "endTime": query.end_time,
        "hashes": [hash_text(digest) for digest in query.hashes],
        "cursor": hash_text(query.cursor) if query.cursor else None,
        "pageSize": query.page_size,
        "ascending": query.ascending,
        "includeData": include_data,
    }


def query_from_json(body: dict[str, Any]) -> tuple[Query, bool]:
    """The query, and whether the answer shall have the messages themselves.

    Raises KeyError, TypeError or ValueError where it is malformed.
    """
    query = Query(
        pubsub_topic=body["pubsubTopic"],
        content_topics=tuple(body["contentTopics"]),
        start_time=body["startTime"],
        end_time=body["endTime"],
        hashes=tuple(map(parse_hash, body["hashes"])),
        cursor=parse_hash(body["cursor"]) if body["cursor"] else None,
        page_size=int(body["pageSize"]),
        ascending=bool(body["ascending"]),
    )
    return query, bool(body["includeData"])


def page_to_json(page: Page, include_data: bool) -> dict[str, Any]:
    messages = []
    for stored in page.messages:
        entry: dict[str, Any] = {"messageHash": hash_text(stored.hash)}
        if include_data:
            entry["message"] = stored.envelope.message.to_json()
            entry["pubsubTopic"] = stored.envelope.pubsub_topic
        messages.append(entry)
    body: dict[str, Any] = {
        "requestId": uuid.uuid4().hex,
        "statusCode": 200,
        "statusDesc": "OK",
        "messages": messages,
    }
    if page.cursor is not None:
        body["paginationCursor"] = hash_text(page.cursor)
    return body
