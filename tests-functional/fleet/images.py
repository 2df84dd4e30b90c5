"""Images of the reference nodes, built where they are missing; and foreign ones, built from a checkout.

python -m fleet.images                              builds what is missing and prints NODE TAG, a line each
python -m fleet.images --prune                      the same, then removes those of earlier sources
python -m fleet.images --context DIR --tag NAME     builds DIR's Dockerfile, e.g. status-go's
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound

from fleet import wheels
from fleet.base_image import ensure_base, find_base
from fleet.build_context import BuildContext
from fleet.engine import connect
from fleet.errors import FleetError
from fleet.run import Run

log = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[2]
DOCKER_DIR = PROJECT / "docker"
SOURCES = {  # folders of docker/ that an image is made from; its Dockerfile is in the first
    "waku": ("waku",),
    "codex": ("codex",),
    "status-backend": ("status-backend", "codex"),
}
IMAGE_LABEL = "tests-functional.image"


class Images:
    """Builds images on one engine. Two runs may ask at the same time: the second waits and finds them built."""

    def __init__(self, client: DockerClient, run: Run | None = None) -> None:
        """`run`: the one that builds; its reapers end a build that it leaves half done."""
        self.client = client
        self._scratch = run.temp_dir if run else None
        self._marks = run.environment() if run else {}
        self._architecture = client.version()["Arch"]

    def reference(self, node: str) -> str:
        """The tag of a reference node's image. Raises FleetError, with the end of the build's output."""
        return self.build(node, *(DOCKER_DIR / folder for folder in SOURCES[node]))

    def build(self, name: str, *folders: Path) -> str:
        """An image over the libraries from the Dockerfile of the first folder; the context holds each by its name."""
        return self._over_libs(name, {folder.name: folder for folder in folders})

    def variant(self, node: str, source: Path) -> str:
        """A reference node from another source tree than docker/NODE."""
        main, *others = SOURCES[node]
        return self._over_libs(node, {main: source, **{folder: DOCKER_DIR / folder for folder in others}})

    def missing(self) -> list[str]:
        """The reference nodes whose image the next run has to build first."""
        base = find_base(self.client, self._architecture)
        if base is None or not self._exists(libs := _libs_tag(self.client, base)):
            return list(SOURCES)
        contexts = {node: _context({folder: DOCKER_DIR / folder for folder in SOURCES[node]}) for node in SOURCES}
        return [node for node, context in contexts.items() if not self._exists(_tag(node, context, libs))]

    def _over_libs(self, name: str, folders: Mapping[str, Path]) -> str:
        context = _context(folders)
        main = next(iter(folders))
        dockerfile = f"{main}/Dockerfile"
        if dockerfile not in context.files:
            raise FleetError(f"no image for {name!r}: {folders[main]} has no Dockerfile")
        libs = self.libs()
        return self._build(_tag(name, context, libs), context, dockerfile, {"BASE": libs})

    def libs(self) -> str:
        """The image with the libraries of all nodes."""
        with _lock("base"):
            base = ensure_base(self.client, self._architecture, self._scratch, self._marks)
        tag = _libs_tag(self.client, base)
        if self._exists(tag):
            return tag
        with tempfile.TemporaryDirectory(prefix="tests-functional-libs-", dir=self._scratch) as folder:
            wheels.unpack(self._architecture, Path(folder), self._marks)
            context = BuildContext({"Dockerfile": DOCKER_DIR / "base" / "Dockerfile"})
            context.add_tree(Path(folder), "libs", left_out=("__pycache__",))
            return self._build(tag, context, "Dockerfile", {"BASE": base})

    def prune(self, keep: Sequence[str]) -> list[str]:
        """Removes our images whose tags are not in `keep` and that no container uses; returns their tags."""
        removed = []
        for image in self.client.images.list(filters={"label": IMAGE_LABEL}):
            for tag in set(image.tags) - set(keep):
                try:
                    self.client.images.remove(tag)
                except APIError as error:
                    if error.status_code != 409:  # a container uses it
                        raise
                else:
                    removed.append(tag)
        return removed

    def _build(self, tag: str, context: BuildContext, dockerfile: str, arguments: Mapping[str, str]) -> str:
        with _lock(tag):
            if self._exists(tag):
                return tag
            log.info("building %s", tag)
            with tempfile.TemporaryFile() as tar:
                context.write_tar(tar)
                tar.seek(0)
                events = self.client.api.build(
                    fileobj=tar,
                    custom_context=True,
                    dockerfile=dockerfile,
                    tag=tag,
                    buildargs=dict(arguments),
                    labels={IMAGE_LABEL: tag.partition(":")[0]},
                    network_mode="none",
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                output = [event.get("stream") or event.get("error") or "" for event in events]
            if not self._exists(tag):
                tail = "\n".join("".join(output).splitlines()[-20:])
                raise FleetError(f"the image {tag} could not be built from {dockerfile}; its output ends:\n{tail}")
        return tag

    def _exists(self, tag: str) -> bool:
        try:
            self.client.images.get(tag)
        except ImageNotFound:
            return False
        return True


def _context(folders: Mapping[str, Path]) -> BuildContext:
    context = BuildContext()
    for name, folder in folders.items():
        context.add_source(folder, name)
    return context


def _tag(node: str, context: BuildContext, libs: str) -> str:
    return f"tests-functional-{node}:{context.hash(libs)}"


def _libs_tag(client: DockerClient, base: str) -> str:
    recipe = BuildContext({name: DOCKER_DIR / "base" / name for name in ("Dockerfile", "requirements.txt")})
    return f"tests-functional-libs:{recipe.hash(client.images.get(base).id)}"


def had(client: DockerClient, name: str) -> str:
    """The image of somebody else with this name or id: the engine has it now, pulled if need be. Raises FleetError."""
    try:
        client.images.get(name)
    except ImageNotFound:
        try:
            client.images.pull(name)
        except APIError as error:
            raise FleetError(f"the engine has no image {name!r} and cannot pull it: {error.explanation}") from error
    return name


def build_foreign(context: Path, tag: str, dockerfile: Path | None, arguments: Sequence[str]) -> None:
    """By the docker command: other projects' Dockerfiles may need BuildKit, which the engine's API alone lacks."""
    if shutil.which("docker") is None:
        raise FleetError("the docker command is not installed; it is needed to build an image that is not one of ours")
    command = ["docker", "build", "--tag", tag]
    command += ["--file", str(dockerfile)] if dockerfile else []
    command += [part for argument in arguments for part in ("--build-arg", argument)]
    code = subprocess.run([*command, str(context)], stdout=sys.stderr).returncode
    if code:
        raise FleetError(f"docker build of {context} failed with exit code {code}")


@contextmanager
def _lock(name: str) -> Iterator[None]:
    locks = PROJECT / "build" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name.partition(":")[0]).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fleet.images", description="Builds the images of the nodes.")
    parser.add_argument("--prune", action="store_true", help="remove the images of earlier sources afterwards")
    parser.add_argument("--context", type=Path, help="folder of a foreign image, e.g. a checkout of status-go")
    parser.add_argument("--tag", help="name of the foreign image")
    parser.add_argument("--file", type=Path, help="its Dockerfile, if it is not CONTEXT/Dockerfile")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="for its Dockerfile")
    options = parser.parse_args(argv)
    if (options.context is None) != (options.tag is None):
        parser.error("--context and --tag go together")
    if options.context is None and (options.file or options.build_arg):
        parser.error("--file and --build-arg are for --context")
    if options.prune and options.context:
        parser.error("--prune is for the images of the reference nodes")
    if options.context is not None and not options.context.is_dir():
        parser.error(f"--context: {options.context} is not a folder")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        if options.context:
            build_foreign(options.context, options.tag, options.file, options.build_arg)
            print(options.tag)
            return 0
        images = Images(connect().client)
        current = [images.libs()]
        for node in SOURCES:
            current.append(images.reference(node))
            print(node, current[-1], flush=True)
        if options.prune:
            for tag in images.prune(current):
                log.info("removed %s", tag)
    except (FleetError, DockerException) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
