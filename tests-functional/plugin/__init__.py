"""The harness as a pytest plugin: options, the run of the controller, and the fixtures that tests use."""
