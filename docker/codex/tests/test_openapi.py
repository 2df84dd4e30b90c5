"""The node keeps what its OpenAPI document says, whatever is sent."""

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi import checks
from support import PREFIX, Process

# Errors of the original are 500 in places and 404 for a wrong method: only what the document says is checked.
CHECKS = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]


def test_answers_are_as_described(tmp_path):
    with Process(tmp_path / "a", ("--block-retries=0", "--log-level=warn")) as a:
        schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{a.ports['api']}{PREFIX}/openapi.json")
        operations = [result.ok() for result in schema.get_all_operations()]
        assert len(operations) == 19
        for operation in operations:

            @settings(
                max_examples=8,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.explicit, Phase.generate],
                derandomize=True,
                database=None,
            )
            @given(case=operation.as_strategy())
            def conforms(case):
                case.call_and_validate(checks=CHECKS)

            conforms()
        assert a.popen.poll() is None and "Traceback" not in a.log.read_text()
