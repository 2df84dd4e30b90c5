import pytest
from status_backend.protocol import generate


def test_generated_modules_match_their_definitions():
    pytest.importorskip("grpc_tools", reason="grpcio-tools generates the modules and is a development dependency")
    assert generate.main(["--check"]) == 0
