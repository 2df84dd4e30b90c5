"""The one conftest: it loads the harness as pytest plugins. Everything else lives under tests-functional/."""

from plugin import PLUGINS

pytest_plugins = list(PLUGINS)
