"""The groups in which `pytest --help` shows the options of the harness."""

NODES = "functional tests: what runs where"
EVIDENCE = "functional tests: what is checked and kept"
REPRODUCTION = "functional tests: run it again, compare"
ISOLATION = "functional tests: limits and cleaning up"
