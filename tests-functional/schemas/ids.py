"""What an id looks like: an object whose keys are ids is a map, and its keys are no fields."""

import re

# Keys, addresses, hashes, uuids, peer ids, compressed keys, CIDs; and a community's id followed by a channel's.
ID = re.compile(r"0x[0-9a-fA-F]{40,}[0-9a-f-]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(zQ3|16Uiu2|z[BD])\w{40,}")
