"""When a display is tried next: from the *expected* contact of its tag, never from silence on the wall clock.

In: attempts, answers, the contact interval of the bridge, monotonic seconds. Out: when to look at the display again.
Rule: nothing here sends, sleeps or reads a clock. Why: docs/architecture.md.
"""

import heapq
from dataclasses import dataclass, field

from firmware_protocol import Panel, ReportState
from gateway.delivery.limits import (
    AGENDA_SPARE,
    BACKOFF_CONTACTS_MAX,
    BACKOFF_FACTOR,
    BACKOFF_STEPS_MAX,
    CONTACTS_BEFORE_ASKING_AGAIN,
    CONTACTS_BEFORE_RETRY,
    FAILURE_FACTOR,
    LINK_SLACK_S,
    RETRY_JITTER,
)
from gateway.ports import Random


@dataclass(slots=True)
class Attempt:
    """What was last tried for one display. `unanswered`: offers in a row without any answer; `failed`: refreshes.

    `silent_since_s`: the first offer since its tag last answered or moved. Patience begins anew when a way opens
    (`unanswered`), and this does not: a bridge that comes and goes would keep a tag that has left it for ever.
    """

    unanswered: int = 0
    failed: int = 0
    answer: ReportState | None = None
    offered_s: float = 0.0
    silent_since_s: float | None = None
    asked_until_s: float = 0.0  # a question is out; until then nobody need ask again
    due_s: float = 0.0


@dataclass(slots=True)
class Agenda:
    """The displays by the time at which they are due; a display stands in it at most once with effect."""

    random: Random
    attempts: dict[str, Attempt] = field(default_factory=dict)
    _heap: list[tuple[float, str]] = field(default_factory=list)

    def attempt(self, display_id: str) -> Attempt:
        return self.attempts.setdefault(display_id, Attempt())

    def due_at(self, display_id: str, at_s: float) -> None:
        attempt = self.attempt(display_id)
        attempt.due_s = at_s
        heapq.heappush(self._heap, (at_s, display_id))
        if len(self._heap) > 2 * len(self.attempts) + AGENDA_SPARE:
            self._tidy_up()

    def ensure(self, display_id: str, now_s: float) -> None:
        """It is not proved: it stands on the agenda from now on, at once if it did not or waits for nothing."""
        attempt = self.attempts.get(display_id)
        if attempt is None or attempt.due_s == float("inf"):
            self.due_at(display_id, now_s)

    def forget(self, display_id: str) -> None:
        """It is proved: nothing more to do until it moves."""
        self.attempts.pop(display_id, None)

    def take_due(self, now_s: float, limit: int) -> list[str]:
        """Displays whose time has come, the longest waiting first; each is off the agenda until it is put back."""
        due: list[str] = []
        while self._heap and self._heap[0][0] <= now_s and len(due) < limit:
            at_s, display_id = heapq.heappop(self._heap)
            attempt = self.attempts.get(display_id)
            if attempt is not None and attempt.due_s == at_s:
                attempt.due_s = float("inf")
                due.append(display_id)
        return due

    def wake_at(self) -> float | None:
        """When the next display is due, or None."""
        while self._heap:
            at_s, display_id = self._heap[0]
            if self._is_due_at(display_id, at_s):
                return at_s
            heapq.heappop(self._heap)
        return None

    def after_offer(self, display_id: str, now_s: float, contact_s: float) -> None:
        """An offer left. Look again when the contacts in which it must be answered have passed, later each time."""
        attempt = self.attempt(display_id)
        contacts = _longer(CONTACTS_BEFORE_RETRY, BACKOFF_FACTOR, attempt.unanswered)
        attempt.unanswered += 1
        attempt.offered_s = now_s
        if attempt.silent_since_s is None:
            attempt.silent_since_s = now_s
        self.due_at(display_id, now_s + self._spread(contacts * contact_s) + LINK_SLACK_S)

    def after_answer(
        self, display_id: str, state: ReportState, now_s: float, contact_s: float, panel: Panel, time_divisor: float
    ) -> None:
        """The tag said something short of a proof: wait for what that state takes, then ask again."""
        attempt = self.attempt(display_id)
        attempt.unanswered = 0
        attempt.silent_since_s = None
        attempt.answer = state
        wait_s = self._spread(CONTACTS_BEFORE_RETRY * contact_s) + LINK_SLACK_S
        is_drawn_again = state is ReportState.GLASS_UNKNOWN and attempt.failed  # of its own accord, after a failure
        if is_drawn_again or state in (ReportState.REFRESHING, ReportState.WAITING_PARTS):
            wait_s += panel.refresh_band_s[1] / time_divisor
        elif state is ReportState.REFUSED and not attempt.failed:
            attempt.failed += 1
            wait_s = LINK_SLACK_S  # most likely it no longer holds the picture to build on: it gets the whole one
        elif state in (ReportState.FAILED, ReportState.REFUSED):
            # A glass that fails again and again must not drain the cell: each failure doubles the pause.
            wait_s = self._spread(_longer(1.0, FAILURE_FACTOR, attempt.failed) * contact_s)
            attempt.failed += 1
        elif state is ReportState.GLASS_UNKNOWN:
            wait_s = LINK_SLACK_S  # it waits for us: no reason to let the glass stand wrong
        self.due_at(display_id, now_s + wait_s)

    def after_question(self, display_id: str, now_s: float, contact_s: float) -> None:
        """A question left: it is answered at the tag's next contact, or lost."""
        self.attempt(display_id).asked_until_s = now_s + CONTACTS_BEFORE_ASKING_AGAIN * contact_s + LINK_SLACK_S

    def knows_an_older(self, display_id: str, now_s: float, contact_s: float) -> None:
        """The tag spoke of an older revision than the one on offer. A bridge hands over manifests before commands, so
        if the offer has had time to get there it was lost: offer again at once.
        """
        attempt = self.attempts.get(display_id)
        if attempt is not None and now_s - attempt.offered_s > contact_s / 2:
            attempt.unanswered = 0
            self.due_at(display_id, now_s)

    def _tidy_up(self) -> None:
        """Without the entries that have no effect any more: a display that moves often leaves one each time."""
        self._heap = [(at_s, one) for at_s, one in set(self._heap) if self._is_due_at(one, at_s)]
        heapq.heapify(self._heap)

    def _is_due_at(self, display_id: str, at_s: float) -> bool:
        attempt = self.attempts.get(display_id)
        return attempt is not None and attempt.due_s == at_s

    def _spread(self, wait_s: float) -> float:
        return wait_s * (1.0 + RETRY_JITTER * self.random.random())


def _longer(contacts: float, factor: float, times: int) -> float:
    """The pause in contacts after so many tries in vain, of which nobody knows how many there will be."""
    return min(contacts * factor ** min(times, BACKOFF_STEPS_MAX), BACKOFF_CONTACTS_MAX)
