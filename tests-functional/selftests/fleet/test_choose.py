"""Where a run's nodes run, and how an engine is reached."""

import pytest

from fleet import FleetError
from fleet.choose import choose
from fleet.engine import engine_host


def test_process_is_taken_when_asked_for():
    assert choose("process").name == "process"


def test_unknown_runtime_is_refused_by_name():
    with pytest.raises(FleetError, match="'podman'.*auto, docker, process"):
        choose("podman")


def test_auto_takes_docker_where_an_engine_answers(engine):
    choice = choose("auto")
    assert choice.name == "docker"
    assert "an engine answers: docker" in choice.reason


def test_auto_falls_back_with_the_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    choice = choose("auto")
    assert choice.name == "process"
    assert choice.reason.startswith("no docker engine answers: ")
    assert "\n" not in choice.reason


def test_docker_asked_for_without_an_engine_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(FleetError, match="no docker engine answers"):
        choose("docker")


@pytest.mark.parametrize(
    ("docker_host", "host"),
    [
        ("", "127.0.0.1"),
        ("unix:///var/run/docker.sock", "127.0.0.1"),
        ("tcp://localhost:2375", "127.0.0.1"),
        ("tcp://builder.example:2376", "builder.example"),
        ("ssh://somebody@builder.example", "builder.example"),
        ("tcp://[fd00::5]:2376", "[fd00::5]"),
    ],
)
def test_published_ports_are_reached_on_the_engines_host(docker_host, host):
    assert engine_host(docker_host) == host
