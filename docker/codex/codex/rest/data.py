"""`/data`: upload, download, list, delete, and what the network has."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import ClientConnectionResetError, web

from ..cids import Cid
from ..errors import BlockInUse, CodexError, IncorrectCid, NotAManifest, NotFound
from ..manifest import Manifest
from .context import NODE, Route, cors, error_answer, json_answer, text_answer
from .names import filename_of, is_known_mimetype, is_valid_filename

log = logging.getLogger(__name__)

CHUNK = 1 << 18
BODY_TIMEOUT = 60.0  # seconds that an upload may stand still
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


async def upload(request: web.Request) -> web.StreamResponse:
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if not chunked and not request.content_length:
        return error_answer(500, "Request do not have body available")
    mimetype = request.headers.get("Content-Type") or None
    if mimetype is not None and not is_known_mimetype(mimetype):
        return error_answer(422, f"The MIME type '{mimetype}' is not valid.")
    filename = filename_of(request.headers.get("Content-Disposition", ""))
    if filename is not None and not is_valid_filename(filename):
        return error_answer(422, "The filename is not valid.")
    try:
        return text_answer(await request.app[NODE].upload(_body(request), filename, mimetype))
    except web.RequestPayloadError:
        return web.Response(status=400)
    except TimeoutError:
        return error_answer(408, f"The upload stood still for {BODY_TIMEOUT:.0f} s")
    except CodexError as error:
        return error_answer(500, str(error))


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(BODY_TIMEOUT):
            chunk = await request.content.read(CHUNK)
        if not chunk:
            return
        yield chunk


async def listing(request: web.Request) -> web.StreamResponse:
    return json_answer({"content": [_named(manifest) for manifest in await request.app[NODE].list()]})


async def download(request: web.Request) -> web.StreamResponse:
    return await _download(request, local=True, headers={})


async def stream(request: web.Request) -> web.StreamResponse:
    return await _download(request, local=False, headers={"Access-Control-Expose-Headers": "Content-Disposition"})


async def _download(request: web.Request, local: bool, headers: dict[str, str]) -> web.StreamResponse:
    node = request.app[NODE]
    if allowed := cors(request, "GET"):
        headers |= {**allowed, "Access-Control-Headers": "X-Requested-With"}
    try:
        cid = _cid(request)
        manifest = await node.manifest(cid, local)
        blocks = node.download(cid, local)
        first = await anext(blocks)  # before the headers, so that what fails at once gets an error status
    except IncorrectCid as error:
        return error_answer(400, str(error), cors(request, "GET"))
    except CodexError as error:
        missing = isinstance(error, (NotFound, NotAManifest))
        message = f"The requested CID could not be retrieved ({error})." if isinstance(error, NotFound) else str(error)
        return error_answer(404 if missing else 500, message, {**headers, "Content-Type": "text/html; charset=utf-8"})
    response = web.StreamResponse(headers=headers)
    response.headers["Content-Type"] = UNPRINTABLE.sub("", _printable(manifest.mimetype or "application/octet-stream"))
    response.headers["Content-Disposition"] = "attachment"
    if manifest.filename is not None:
        name = UNPRINTABLE.sub("_", _printable(manifest.filename))
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.content_length = manifest.dataset_size
    await response.prepare(request)
    try:
        await response.write(first)
        async for block in blocks:
            await response.write(block)
    except ClientConnectionResetError:
        log.info("the client that downloaded %s has gone", cid)
        return response
    except CodexError as error:
        # The status is sent: all that can still tell the client is a body shorter than its Content-Length.
        log.error("the download of %s broke off: %s", cid, error)
        if request.transport is not None:
            request.transport.close()
        return response
    await response.write_eof()
    return response


async def delete(request: web.Request) -> web.StreamResponse:
    headers = cors(request, "DELETE")
    try:
        await request.app[NODE].delete(_cid(request))
    except IncorrectCid as error:
        return error_answer(400, str(error), headers)
    except BlockInUse as error:
        return error_answer(500, str(error), headers)
    return web.Response(status=204, headers=headers)


async def fetch(request: web.Request) -> web.StreamResponse:
    return await _manifest_answer(request, request.app[NODE].fetch)


async def network_manifest(request: web.Request) -> web.StreamResponse:
    return await _manifest_answer(request, request.app[NODE].manifest)


async def _manifest_answer(request: web.Request, get: Callable[[str], Awaitable[Manifest]]) -> web.StreamResponse:
    headers = cors(request, "GET")
    try:
        return json_answer(_named(await get(_cid(request))))
    except IncorrectCid as error:
        return error_answer(400, str(error), headers)
    except CodexError as error:
        return error_answer(404, str(error), headers)


async def exists(request: web.Request) -> web.StreamResponse:
    try:
        cid = _cid(request)
        return json_answer({cid: await request.app[NODE].exists(cid)})
    except IncorrectCid as error:
        return error_answer(400, str(error), cors(request, "GET"))


async def space(request: web.Request) -> web.StreamResponse:
    return json_answer(await request.app[NODE].space())


async def options_data(request: web.Request) -> web.StreamResponse:
    headers = cors(request, "POST")
    if headers:
        headers["Access-Control-Allow-Headers"] = "content-type, content-disposition"
    return web.Response(status=204, headers=headers)


async def options_cid(request: web.Request) -> web.StreamResponse:
    return web.Response(status=204, headers=cors(request, "GET,DELETE"))


def _cid(request: web.Request) -> str:
    """The path's CID, in the spelling in which the original prints it. Raises IncorrectCid."""
    return str(Cid.parse(request.match_info["cid"]))


def _named(manifest: Manifest) -> dict[str, object]:
    return {"cid": manifest.cid, "manifest": manifest.to_json()}


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


routes = [
    Route("OPTIONS", "/data", options_data),
    Route("POST", "/data", upload),
    Route("GET", "/data", listing),
    Route("OPTIONS", "/data/{cid}", options_cid),
    Route("GET", "/data/{cid}", download),
    Route("DELETE", "/data/{cid}", delete),
    Route("POST", "/data/{cid}/network", fetch),
    Route("GET", "/data/{cid}/network/stream", stream),
    Route("GET", "/data/{cid}/network/manifest", network_manifest),
    Route("GET", "/data/{cid}/exists", exists),
    Route("GET", "/space", space),
]
