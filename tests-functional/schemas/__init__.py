"""What backends answer and signal, as JSON Schemas (draft 2020-12), and the tools that check, infer and widen them.

    replies/<service>_<method>.json   the `result` of an RPC method; the answer of `/statusgo/<Function>`, whose service
                                      is "statusgo"; /health is statusgo_health
    signals/<type>.json               the `event` of a signal
    types/<Type>.json                 objects that many of them hold: a community, a chat, a message, ...

A schema says what was seen of the original program, and of the reference nodes where no recording of it exists. It is
closed: a field that is not in it is a change of shape, and so is one that is missing or has another type. Objects whose
keys are ids are maps (`additionalProperties` is the schema of their values).
"""

from schemas.library import FOLDER, Library
from schemas.mismatch import Mismatch
from schemas.samples import Sample, of_entry

__all__ = ["FOLDER", "Library", "Mismatch", "Sample", "of_entry"]
