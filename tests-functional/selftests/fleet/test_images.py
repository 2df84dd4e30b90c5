"""Tags follow the sources; contexts and requirements are what they should be."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from fleet import FleetError, wheels
from fleet.build_context import BuildContext
from fleet.images import DOCKER_DIR, SOURCES, Images

HARNESS = Path(__file__).parents[2]
TINY = Path(__file__).parent / "tiny"


@pytest.fixture
def source(tmp_path):
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def context_of(folder):
    context = BuildContext()
    context.add_tree(folder, folder.name)
    return context


def test_hash_follows_content_name_mode_and_what_it_builds_on(source):
    hashes = [context_of(source).hash("base:1"), context_of(source).hash("base:2")]
    (source / "tiny_node.py").write_text("print()")
    hashes.append(context_of(source).hash("base:1"))
    (source / "tiny_node.py").chmod(0o755)
    hashes.append(context_of(source).hash("base:1"))
    (source / "tiny_node.py").rename(source / "node.py")
    hashes.append(context_of(source).hash("base:1"))
    assert len(set(hashes)) == 5


def test_hash_ignores_times_tests_and_caches(source):
    before = context_of(source).hash()
    for folder in ("tests", "__pycache__", ".pytest_cache"):
        (source / folder).mkdir()
        (source / folder / "file.py").write_text("1")
    (source / "README.md").write_text("words")
    (source / "tiny_node.py").touch()
    assert context_of(source).hash() == before


def test_context_is_the_same_bytes_for_the_same_files(source):
    buffers = []
    for _ in range(2):
        buffers.append(io.BytesIO())
        context_of(source).write_tar(buffers[-1])
        (source / "Dockerfile").touch()
    assert buffers[0].getvalue() == buffers[1].getvalue()
    buffers[0].seek(0)
    assert tarfile.open(fileobj=buffers[0]).getnames() == sorted(
        ["tiny/Dockerfile", *(f"tiny/{path.name}" for path in TINY.glob("*.py"))]
    )


def test_unchanged_sources_build_nothing(engine, tiny_image):
    before = engine.client.images.get(tiny_image).id
    assert Images(engine.client).build("tiny", TINY) == tiny_image
    assert engine.client.images.get(tiny_image).id == before


def test_failed_build_says_what_the_builder_said(engine, source):
    (source / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nRUN echo no luck && exit 7\n")
    with pytest.raises(FleetError, match=r"(?s)could not be built from tiny/Dockerfile.*no luck.*code: 7"):
        Images(engine.client).build("tiny", source)


def test_folder_without_dockerfile_is_refused(engine, source):
    (source / "Dockerfile").unlink()
    with pytest.raises(FleetError, match="no Dockerfile"):
        Images(engine.client).build("tiny", source)


def test_node_runs_without_privileges(engine, tiny_image):
    script = ["sh", "-c", "id -u; touch /opt/node/x || echo no"]
    output = engine.client.containers.run(tiny_image, entrypoint=script, remove=True)
    assert output.decode().split() == ["1000", "no"]


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_every_requirement_is_pinned_for_the_architecture(architecture):
    found = wheels.requirements(architecture)
    assert all(str(requirement.specifier).startswith("==") for requirement in found)
    names = [requirement.name for requirement in found]
    assert len(names) == len(set(names))
    assert {"libp2p", "fastecdsa", "aiohttp"} < set(names)


def test_unknown_architecture_is_named():
    with pytest.raises(FleetError, match="riscv64"):
        wheels.requirements("riscv64")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--tag", "x"], "--context and --tag go together"),
        (["--build-arg", "a=b"], "are for --context"),
        (["--prune", "--context", ".", "--tag", "x"], "--prune is for the images of the reference nodes"),
        (["--context", "/nowhere", "--tag", "x"], "is not a folder"),
    ],
)
def test_command_line_refuses_what_makes_no_sense(arguments, complaint):
    command = [sys.executable, "-m", "fleet.images", *arguments]
    done = subprocess.run(command, cwd=HARNESS, capture_output=True, text=True)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_command_line_builds_a_foreign_image(engine, tiny_image, tmp_path):
    if shutil.which("docker") is None:
        pytest.skip("the docker command is not installed")
    (tmp_path / "Dockerfile").write_text(f"FROM {tiny_image}\nARG WHAT\nENV WHAT=$WHAT\n")
    tag = "tests-functional-foreign:selftest"
    command = [sys.executable, "-m", "fleet.images", "--context", str(tmp_path), "--tag", tag]
    command += ["--build-arg", "WHAT=moon"]
    done = subprocess.run(command, cwd=HARNESS, capture_output=True, text=True)
    try:
        assert (done.returncode, done.stdout) == (0, f"{tag}\n"), done.stderr
        assert "WHAT=moon" in engine.client.images.get(tag).attrs["Config"]["Env"]
    finally:
        engine.client.images.remove(tag, force=True)


SECRET = "correct-horse-battery-staple"


def test_nothing_of_the_user_gets_into_an_image(engine, source, tmp_path, monkeypatch):
    """A secret lies about, is behind a link and in the environment, and the image takes all that it is given."""
    package = source / "kept"
    package.mkdir()
    for file in ("__init__.py", "data.json"):
        (package / file).write_text("")
    outside = tmp_path / "outside.py"
    planted = [
        ".env",
        "id_ed25519",
        "notes.txt",
        "accounts.sqlite",
        "backup/dump.py",
        "kept/accounts.db",
        ".git/config",
    ]
    for path in (outside, *(source / name for name in planted)):
        path.parent.mkdir(exist_ok=True)
        path.write_text(SECRET)
    (source / "linked.py").symlink_to(outside)
    monkeypatch.setenv("HTTPS_PROXY_PASSWORD", SECRET)
    (source / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY . /all\nRUN env > /all/environment\n")
    tag = Images(engine.client).build("secretive", source)
    try:
        look = ["sh", "-c", f"cd /all && find . -type f | sort && grep -r {SECRET} . || true"]
        output = engine.client.containers.run(tag, entrypoint=look, remove=True).decode()
        files = {"environment", "tiny/Dockerfile", "tiny/tiny_node.py", "tiny/kept/__init__.py", "tiny/kept/data.json"}
        assert {line.removeprefix("./") for line in output.splitlines()} == files | {
            f"tiny/{path.name}" for path in TINY.glob("*.py")
        }
        image = engine.client.images.get(tag)
        told = str(image.history()) + str(image.attrs)
        assert SECRET not in told and str(HARNESS.parent) not in told
    finally:
        engine.client.images.remove(tag, force=True)


@pytest.mark.parametrize("node", SOURCES)
def test_reference_nodes_run_without_privileges(engine, node):
    """By a user id that is not root's, as the engine itself sees it."""
    images = Images(engine.client)
    script = ["sh", "-c", "id -u; grep CapEff /proc/self/status"]
    said = engine.client.containers.run(images.reference(node), entrypoint=script, cap_drop=["ALL"], remove=True)
    user, _, capabilities = said.decode().split()
    assert int(user) > 0 and int(capabilities, 16) == 0


def test_missing_images_are_known_without_building(engine, tiny_image, monkeypatch, tmp_path):
    images = Images(engine.client)
    for node in SOURCES:
        images.reference(node)
    assert images.missing() == []
    changed = shutil.copytree(DOCKER_DIR, tmp_path / "docker")
    (changed / "codex/codex/__init__.py").write_text("changed")
    monkeypatch.setattr("fleet.images.DOCKER_DIR", changed)
    assert images.missing() == ["codex", "status-backend"]
    (changed / "base/requirements.txt").write_text("")
    assert images.missing() == list(SOURCES)
