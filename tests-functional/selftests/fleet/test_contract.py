"""What both runtimes promise (fleet.node), each promise tried on both."""

import json
import time

import pytest
import requests

from fleet import Capability, FleetError, HealthCheck, NodeGone, NodeState, NotSupported, Run, StartError, leftovers
from fleet.choose import make_runtime


def get(node, path, **kwargs):
    return requests.get(node.url() + path, timeout=5, **kwargs).text


def bump(node):
    requests.post(node.url() + "/bump", timeout=5).raise_for_status()


def fetch_from(node, url):
    """What `node` sees at `url`: status and text."""
    answer = requests.get(node.url() + "/fetch", params={"url": url}, timeout=10)
    return answer.status_code, answer.text


def own_address(node):
    host, port = node.address("http")
    return f"http://{host}:{port}"


def eventually(condition, message):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.05)


def test_starts_healthy_and_is_reached_by_its_url(start, tiny):
    node = start(tiny("alice"))
    assert node.state() is NodeState.RUNNING
    assert node.exit_code() is None
    assert get(node, "/health") == "tiny"
    assert node.url("http") == node.url()


def test_nodes_reach_each_other_by_address(start, tiny):
    alice, bob = start(tiny("alice"), tiny("bob"))
    bump(bob)
    assert fetch_from(alice, own_address(bob) + "/count") == (200, "1")


def test_many_start_in_the_order_asked_for(start, tiny):
    names = [f"node-{number}" for number in range(5)]
    nodes = start(*(tiny(name) for name in names))
    assert [node.name for node in nodes] == names
    assert len({node.url() for node in nodes}) == 5


def test_log_grows_while_the_node_runs(start, tiny):
    node = start(tiny("alice"))
    get(node, "/count?mark=17")
    eventually(lambda: any("mark=17" in line for line in node.logs()), "the request is not in the log")
    assert node.logs()[0] == "tiny node starts"
    assert "mark=17" in node.logs(tail=1)[0]
    assert node.log_path.name == "alice.log"


def test_stop_is_clean_and_completes_the_log(start, tiny):
    node = start(tiny("alice"))
    assert node.stop() == 0
    assert node.state() is NodeState.EXITED
    assert node.logs(tail=1) == ["tiny node ends"]
    assert node.stop() == 0, "a stopped node stays stopped"
    with pytest.raises((NodeGone, requests.RequestException)):  # in docker its port is not even published now
        get(node, "/health")


def test_kill_keeps_data_and_start_goes_on(start, tiny):
    node = start(tiny("alice"))
    bump(node)
    node.kill()
    assert (node.state(), node.exit_code()) == (NodeState.EXITED, 137)
    node.start()
    assert get(node, "/count") == "1"
    assert node.logs().count("tiny node starts") == 2
    assert "tiny node ends" not in node.logs()


def test_restart_stops_cleanly_and_keeps_address(start, tiny):
    alice, bob = start(tiny("alice"), tiny("bob"))
    bump(alice)
    before = own_address(alice)
    alice.restart()
    assert own_address(alice) == before
    assert fetch_from(bob, before + "/count") == (200, "1")
    assert alice.logs().count("tiny node ends") == 1


def test_restart_writes_no_log_line_twice(start, tiny):
    node = start(tiny("alice"))
    for number in range(3):
        get(node, f"/count?life={number}.")
        node.restart()
    text = "\n".join(node.logs())
    assert [text.count(f"life={number}.") for number in range(3)] == [1, 1, 1]


def test_start_of_a_running_node_is_refused(start, tiny):
    node = start(tiny("alice"))
    with pytest.raises(FleetError, match="alice.*running"):
        node.start()
    assert get(node, "/health") == "tiny"


def test_pause_freezes_and_resume_goes_on(start, tiny):
    node = start(tiny("alice"))
    node.pause()
    assert node.state() is NodeState.PAUSED
    with pytest.raises(requests.Timeout):
        requests.get(node.url() + "/count", timeout=0.5)
    node.resume()
    assert node.state() is NodeState.RUNNING
    assert get(node, "/count") == "0"


def test_paused_node_can_be_stopped(start, tiny):
    node = start(tiny("alice"))
    node.pause()
    assert node.stop() == 0


def test_disconnect_cuts_off_and_reconnect_heals(start, tiny, runtime):
    alice, bob = start(tiny("alice"), tiny("bob"))
    if Capability.DISCONNECT not in runtime.capabilities:
        with pytest.raises(NotSupported, match="loopback"):
            bob.disconnect()
        return
    bob.disconnect()
    assert fetch_from(alice, own_address(bob) + "/count")[0] == 502
    with pytest.raises(NodeGone, match="disconnected"):
        bob.url()
    bob.reconnect()
    assert fetch_from(alice, own_address(bob) + "/count") == (200, "0")
    assert get(bob, "/count") == "0"


def test_exec_runs_beside_the_node(start, tiny):
    node = start(tiny("alice", env={"COLOUR": "blue-{port:http}"}))
    script = "import os; print(open('count').read(), os.environ['COLOUR'][:5]); raise SystemExit(4)"
    done = node.exec(["{python}", "-c", script])
    assert (done.exit_code, done.output.strip()) == (4, "0 blue-")


def test_environment_reaches_the_node_filled_in(start, tiny):
    node = start(tiny("alice", env={"COLOUR": "{data}"}))
    assert get(node, "/env/COLOUR") == node.data_path


def test_copies_files_and_folders(start, tiny, tmp_path):
    node = start(tiny("alice"))
    (tmp_path / "five").write_text("5")
    node.copy_in(tmp_path / "five", "count")
    assert get(node, "/count") == "5"
    bump(node)  # so the node may write what was copied in
    node.copy_out("count", tmp_path / "six")
    assert (tmp_path / "six").read_text() == "6"

    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "file").write_bytes(b"\0\1")
    node.copy_in(tmp_path / "folder", "there")
    node.copy_out("there", tmp_path / "back")
    assert (tmp_path / "back" / "inner" / "file").read_bytes() == b"\0\1"


def test_copies_out_of_a_stopped_node(start, tiny, tmp_path):
    node = start(tiny("alice"))
    node.kill()
    node.copy_out("count", tmp_path / "count")
    assert (tmp_path / "count").read_text() == "0"
    with pytest.raises(FileNotFoundError):
        node.copy_out("nothing", tmp_path / "nothing")


def test_usage_grows_with_work(start, tiny):
    node = start(tiny("alice"))
    before = node.usage()
    get(node, "/burn?ms=300")
    after = node.usage()
    assert after.cpu_seconds - before.cpu_seconds >= 0.25
    assert 5e6 < after.rss_bytes < 5e8


def test_failed_start_leaves_nothing_and_says_why(runtime, run, tiny, start, tmp_path):
    with pytest.raises(StartError) as caught:
        start(tiny("good"), tiny("bad", "--fail=3"), tiny("other"))
    error = caught.value
    assert (error.node, error.exit_code) == ("bad", 3)
    assert "exit code 3" in str(error)
    assert "the moon is in the wrong phase" in str(error)
    assert str(tmp_path / "logs" / "bad.log") in str(error)
    assert nodes_of(runtime, run) == []
    start(tiny("good"))  # the name is free again


def test_unhealthy_node_is_no_started_node(runtime, run, tiny, start):
    spec = tiny("ill", "--health=503", health=HealthCheck("http", timeout=1.5))
    with pytest.raises(StartError, match=r"GET http://\S+/health -> 200 within 1.5 s.*, but the answer was 503 'tiny'"):
        start(spec)
    assert nodes_of(runtime, run) == []


def test_program_that_is_not_there_is_no_started_node(runtime, run, tiny, start):
    with pytest.raises((StartError, FleetError), match="no-such-program"):
        start(tiny("alice", process=("no-such-program",), image="no-such-program:1"))
    assert nodes_of(runtime, run) == []


def test_failure_of_one_ends_the_wait_for_the_others(runtime, run, tiny, start):
    """The slow one would be awaited for an hour."""
    slow = tiny("slow", "--health=503", health=HealthCheck("http", timeout=3600))
    with pytest.raises(StartError, match="'bad'"):
        start(slow, tiny("bad", "--fail=3"))
    assert nodes_of(runtime, run) == []


def test_second_node_of_a_name_is_refused_and_the_first_lives_on(start, tiny):
    node = start(tiny("alice"))
    with pytest.raises(FleetError, match="has a node 'alice' already"):
        start(tiny("bob"), tiny("alice"))
    assert get(node, "/health") == "tiny"


def test_removed_node_is_gone(start, tiny):
    node = start(tiny("alice"))
    node.remove()
    node.remove()
    assert node.state() is NodeState.REMOVED
    with pytest.raises(NodeGone):
        node.kill()
    assert node.logs()[0] == "tiny node starts", "its log stays"


def test_name_of_a_removed_node_can_be_used_again(start, tiny):
    first = start(tiny("alice"))
    first.remove()
    second = start(tiny("alice"))
    first.remove()
    assert first.state() is NodeState.REMOVED
    assert second.state() is NodeState.RUNNING
    assert get(second, "/count") == "0"


def test_worker_handles_a_node_of_the_controller(start, tiny, run, runtime_name, tmp_path):
    node = start(tiny("alice"))
    bump(node)
    worker_run = Run.join(json.loads(json.dumps(run.share())), worker="gw0")
    worker = make_runtime(runtime_name, worker_run)
    attached = worker.attach(json.loads(json.dumps(node.handle)))
    assert attached.spec == node.spec
    attached.restart()
    assert get(attached, "/count") == "1"
    assert get(node, "/count") == "1", "the controller sees the restarted node"
    [own] = worker.start([tiny("bob")], tmp_path)
    assert fetch_from(own, own_address(node) + "/count") == (200, "1")
    worker.close()
    assert own.state() is NodeState.REMOVED
    assert node.state() is NodeState.RUNNING, "a worker removes only what it started"


def test_dead_workers_nodes_can_be_removed_alone(start, tiny, run, runtime, runtime_name, tmp_path):
    node = start(tiny("alice"))
    worker = make_runtime(runtime_name, Run.join(run.share(), worker="gw7"))
    worker.start([tiny("bob")], tmp_path)
    [removed] = runtime.remove_worker("gw7")
    expected = "process" if runtime_name == "process" else f"container tests-functional-{run.run_id}-bob"
    assert removed.startswith(expected)
    assert len(nodes_of(runtime, run)) == 1
    assert get(node, "/health") == "tiny"


def test_marks_tell_run_worker_and_test(start, tiny, run, runtime):
    start(tiny("alice"))
    [found] = nodes_of(runtime, run)
    if runtime.name == "process":
        assert found.environ()["TESTS_FUNCTIONAL_TEST"] == "selftest"
    else:
        labels = {"run": run.run_id, "worker": "controller", "test": "selftest"}
        assert labels.items() <= {name.rpartition(".")[2]: value for name, value in found.labels.items()}.items()


def test_orderly_end_leaves_nothing_to_the_reaper(tiny, runtime_name, tmp_path):
    run = Run.create(tmp_path, docker=runtime_name == "docker")
    runtime = make_runtime(runtime_name, run)
    runtime.start([tiny("alice"), tiny("bob")], run.run_dir)
    runtime.close()
    assert run.close() == []
    assert not run.temp_dir.exists()


def test_what_was_forgotten_is_removed_and_counted(tiny, runtime_name, tmp_path):
    run = Run.create(tmp_path, docker=runtime_name == "docker")
    runtime = make_runtime(runtime_name, run)
    runtime.start([tiny("alice")], run.run_dir)
    removed = run.close()
    assert len([line for line in removed if "network" not in line]) == 1
    assert nodes_of(runtime, run) == []


def nodes_of(runtime, run):
    """The processes or containers that bear the marks of the run."""
    found = leftovers.find(run.run_id, runtime.engine.client if runtime.name == "docker" else None)
    return found.processes + found.containers
