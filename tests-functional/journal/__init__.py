"""What happened in a run: every signal, call and step of every node, on disk as it happens.

`Journal` records and waits, `conditions` say what a wait accepts, `diagnosis` explains a wait that failed."""

from journal.conditions import Anything, Condition, Fields, Miss, Pattern, Predicate, as_condition
from journal.entry import Entry
from journal.journal import Journal
from journal.reading import read_journal
from journal.redaction import Redactor
from journal.waiting import AwaitedSignal, UnexpectedSignal, WaitTimeout

__all__ = [
    "Anything", "AwaitedSignal", "Condition", "Entry", "Fields", "Journal", "Miss", "Pattern", "Predicate", "Redactor",
    "UnexpectedSignal", "WaitTimeout", "as_condition", "read_journal",
]  # fmt: skip
