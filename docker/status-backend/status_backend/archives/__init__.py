"""Community history archives: what the owner makes of old messages, and how members get and import them.

The part that a login makes is `Archives`. How archives travel is the business of a `Distribution` (distribution.py);
Codex is the one served so far.
"""

from .manager import Archives

__all__ = ["Archives"]
