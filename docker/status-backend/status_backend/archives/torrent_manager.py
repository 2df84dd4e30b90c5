"""Archives over BitTorrent: one torrent a community, replaced by a longer one whenever there are new archives.

The link is a magnet link. A member gets the torrent's description from the owner, then the index, then the pieces of
those archives that it has not; from then on it serves them to others as the owner does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from .. import signal_types
from ..protocol.waku_archive_pb2 import WakuMessageArchive
from ..session import Session
from .codec import ArchiveEntry, InvalidArchive
from .dialect import Kind
from .distribution import ArchiveCipher, DistributionError, DownloadListener, NoCipher, opened
from .timings import Timings
from .torrent_files import Torrent, TorrentFiles
from .torrent_index import Place
from .torrent_link import MagnetLink
from .torrent_session import TorrentSession

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def open_torrents(session: Session, kind: Kind, timings: Timings) -> TorrentManager:
    """Not started yet. Torrents are served on the host that the backend itself serves on."""
    section = session.node_config[kind.section]

    def unseeded(community_id: str) -> None:
        session.signals.emit(signal_types.HISTORY_ARCHIVES_UNSEEDED, {"communityId": community_id})

    torrents = TorrentSession(session.listen_host, section["Port"])
    return TorrentManager(torrents, Path(section["DataDir"]), Path(section["TorrentDir"]), timings, unseeded)


class TorrentManager:
    """A Distribution. `unseeded` is called with a community's id when its torrent is no longer offered.

    `cipher` is set before the first community comes along.
    """

    cipher: ArchiveCipher = NoCipher()

    def __init__(
        self,
        session: TorrentSession,
        data_dir: Path,
        torrent_dir: Path,
        timings: Timings = Timings(),
        unseeded: Callable[[str], None] = lambda community_id: None,
    ) -> None:
        self.session = session
        self._data_dir = data_dir
        self._torrent_dir = torrent_dir
        self._timings = timings
        self._unseeded = unseeded
        self._offered: dict[str, Any] = {}  # libtorrent's handles, by community

    async def start(self) -> None:
        await self.session.start()

    async def stop(self) -> None:
        self._offered.clear()
        await self.session.stop()

    async def publish(self, community_id: str, link: str, archives: Sequence[WakuMessageArchive]) -> str:
        before = None
        if link:
            before = await self._with_files(community_id, TorrentFiles.restore, MagnetLink.parse(link).info_hash)
        await self.withdraw(community_id)
        try:
            torrent = await self._with_files(community_id, TorrentFiles.append, before, archives)
        except OSError as error:
            raise DistributionError(f"the archives of {community_id}: {error}") from error
        await self._offer(community_id, torrent)
        return self.current(str(MagnetLink(torrent.info_hash, community_id)))

    async def download(
        self, community_id: str, link: str, existing_ids: Collection[str], listener: DownloadListener
    ) -> None:
        magnet = MagnetLink.parse(link)
        await self.withdraw(community_id)
        handle = None
        try:
            async with asyncio.timeout(self._timings.index_timeout):
                torrent = await self._torrent(community_id, magnet)
                handle = await self._add(torrent, torrent.index_pieces, magnet.peers)
                await self._pieces(handle, [torrent.index_pieces])
            index = await self._with_files(community_id, TorrentFiles.index, torrent)
            listener.index_downloaded()
            missing = [entry for entry in index.newest_first() if entry.id not in existing_ids]
            if missing:
                listener.archives_started()
            async with asyncio.timeout(self._timings.archives_timeout):
                await self._archives(handle, torrent, missing, listener)
            self._offered[community_id] = handle
        except TimeoutError as error:
            raise DistributionError(f"no peer had all of torrent {magnet.info_hash} in time") from error
        except OSError as error:
            raise DistributionError(f"torrent {magnet.info_hash}: {error}") from error
        finally:
            if handle is not None and community_id not in self._offered:
                await asyncio.shield(self.session.remove(handle))

    async def load(self, community_id: str, entry: ArchiveEntry) -> WakuMessageArchive:
        return await self._with_files(community_id, TorrentFiles.read, entry)

    async def holds(self, community_id: str, link: str) -> bool:
        return await self._with_files(community_id, TorrentFiles.torrent, MagnetLink.parse(link).info_hash) is not None

    async def offer(self, community_id: str, link: str) -> None:
        if community_id not in self._offered:
            info_hash = MagnetLink.parse(link).info_hash
            torrent, _ = await self._with_files(community_id, TorrentFiles.restore, info_hash)
            await self._offer(community_id, torrent)

    async def withdraw(self, community_id: str) -> None:
        if handle := self._offered.pop(community_id, None):
            await self.session.remove(handle)
            self._unseeded(community_id)

    def current(self, link: str) -> str:
        """With the addresses at which this node serves torrents now."""
        return str(MagnetLink.parse(link).at(self.session.endpoints))

    def same(self, link: str, other: str) -> bool:
        try:
            return MagnetLink.parse(link).info_hash == MagnetLink.parse(other).info_hash
        except InvalidArchive:
            return False

    async def _with_files(
        self, community_id: str, work: Callable[Concatenate[TorrentFiles, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """In a thread, for archives are large and disks are slow. Cancelled, it ends all the same before this does."""
        seal, unseal = partial(self.cipher.seal_archive, community_id), partial(opened, self.cipher, community_id)
        files = TorrentFiles(self._data_dir, self._torrent_dir, community_id, _on_loop(seal), _on_loop(unseal))
        working = asyncio.create_task(asyncio.to_thread(work, files, *args, **kwargs))
        try:
            return await asyncio.shield(working)
        finally:
            await asyncio.wait([working])

    async def _offer(self, community_id: str, torrent: Torrent) -> None:
        self._offered[community_id] = await self._add(torrent, ())

    async def _torrent(self, community_id: str, magnet: MagnetLink) -> Torrent:
        """From an earlier attempt, or from the peers. InvalidArchive if it is none of this community's archives."""
        if torrent := await self._with_files(community_id, TorrentFiles.torrent, magnet.info_hash):
            return torrent
        lt = import_module("libtorrent")
        params = lt.parse_magnet_uri(str(magnet))
        params.save_path = str(self._torrent_dir / "nowhere")  # nothing is wanted yet, so nothing is written
        params.flags |= lt.torrent_flags.default_dont_download
        handle = await self.session.add(params)
        try:
            await self.session.until(handle, lambda: handle.status().has_metadata)
            torrent = Torrent.parse(lt.bencode({b"info": lt.bdecode(handle.torrent_file().info_section())}))
        finally:
            await asyncio.shield(self.session.remove(handle))
        if torrent.name != community_id:
            raise InvalidArchive(f"the torrent {magnet.info_hash} is one of {torrent.name}")
        await self._with_files(community_id, TorrentFiles.keep, torrent)
        return torrent

    async def _add(self, torrent: Torrent, wanted: Collection[int], peers: Sequence[tuple[str, int]] = ()) -> Any:
        lt = import_module("libtorrent")
        params = lt.load_torrent_buffer(torrent.content)
        params.save_path = str(self._data_dir)
        params.piece_priorities = _priorities(torrent, wanted)
        params.peers = list(peers)
        return await self.session.add(params)

    async def _archives(
        self, handle: Any, torrent: Torrent, missing: Iterable[ArchiveEntry], listener: DownloadListener
    ) -> None:
        """All at once, each told when it is here."""
        left = {entry: Place.parse(entry.location).pieces for entry in missing}
        wanted = {*torrent.index_pieces, *(piece for pieces in left.values() for piece in pieces)}
        handle.prioritize_pieces(_priorities(torrent, wanted))
        while left:
            for pieces in await self._pieces(handle, left.values()):
                for entry in [entry for entry in left if left[entry] == pieces]:
                    del left[entry]
                    listener.archive_downloaded(entry)

    async def _pieces(self, handle: Any, groups: Collection[range]) -> list[range]:
        """Those of the groups that are wholly in the files, once there is one."""
        query = import_module("libtorrent").torrent_handle.query_pieces

        def here() -> list[range]:
            have = handle.status(query).pieces
            return [pieces for pieces in groups if all(have[piece] for piece in pieces)]

        await self.session.until(handle, lambda: bool(here()))
        complete = here()
        await self.session.flush(handle)
        return complete


def _on_loop(cipher: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """To be called in a thread: its keys are in the database, which is the loop's."""
    loop = asyncio.get_running_loop()

    async def answer(data: bytes) -> bytes:
        return cipher(data)

    return lambda data: asyncio.run_coroutine_threadsafe(answer(data), loop).result()


def _priorities(torrent: Torrent, wanted: Collection[int]) -> list[int]:
    """libtorrent's, for each piece: 0 is not wanted."""
    return [4 if piece in wanted else 0 for piece in range(len(torrent.hashes))]
