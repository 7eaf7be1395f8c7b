"""What is said of the rows of a request: the same shape whether all, some or none of them were taken.

Rule: 200 when none was rejected, 207 when some were, 422 (a problem document with the same members) when all were.
Source: the POS contract, Single updates, rule 2.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from gateway.catalog import ParsedRow, RowIssue
from gateway.pos_api.answers import Answer, issues_json
from gateway.pos_api.problem import Fault, Problem, dump


class RowAnswer(Struct, frozen=True):
    """Counts are of rows, `displays` of bound displays that will change; `rows` are the accepted ones."""

    received: int
    accepted: int
    rejected: int
    errors: Sequence[RowIssue]
    warnings: Sequence[RowIssue | Fault]
    rows: Sequence[ParsedRow] = ()
    is_atomic: bool = False
    displays: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def told(self, request_id: str) -> Answer:
        members: dict[str, object] = {
            "success": self.rejected == 0,
            **self.extra,
            "received": self.received,
            "accepted": self.accepted,
            "rejected": self.rejected,
            **self.counts,
            "errors": issues_json(self.errors),
            "warnings": issues_json(sorted(self.warnings, key=_place)),
            "displays": self.displays,
        }
        if self.rejected == 0:
            return Answer(200, dump(members))
        if self.accepted > 0:
            return Answer(207, dump(members))
        return Answer(422, dump(self._problem(members).document(request_id)))

    def _problem(self, members: Mapping[str, object]) -> Problem:
        first = self.errors[0].message
        if self.is_atomic and self.rejected < self.received:
            words = f"{self.rejected} of {self.received} rows rejected, so nothing was saved. The first: {first}"
            return Problem("atomic_rejected", words, members=members)
        return Problem("rows_rejected", f"No row was taken. The first: {first}", members=members)


def _place(issue: RowIssue | Fault) -> int:
    return -1 if issue.index is None else issue.index
