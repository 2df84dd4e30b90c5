"""The one conftest: it loads the harness as pytest plugins. Everything else lives under tests-functional/."""

pytest_plugins = ["plugin.options", "plugin.controller", "plugin.failure", "plugin.fixtures", "plugin.evidence"]
