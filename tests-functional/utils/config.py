"""The options of the run, under the names that status-go's own tests have for them: `Config.logs_dir`."""

from __future__ import annotations

import argparse

Config = argparse.Namespace()  # filled in when pytest starts
option = Config
