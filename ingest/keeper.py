"""Shares the MQTT sessions of ingest among the processes that live: claims, hands over, takes over.

A session is read by whoever holds its claim in the log's database. A process holds its fair share; one that
has too few says so, and one that has more than its share ends a session in good order, what it has taken
recorded and acknowledged, and gives the claim back. What a process that died had is free as soon as the
database knows. A claim that was lost with its connection ends the session at once, and nothing can be
recorded under it any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import structlog

from eventlog.ports import Claim, EventLog, LogUnavailableError
from ingest.client import MqttIngest
from ingest.shards import Share, Unit, share_of

LOOK_S = 0.5
"""Claims and shares are looked at this often."""
END_S = 20.0
"""A session that takes longer to end is stuck."""
MEMBERS_MAX = 64

_MEMBERS = tuple(f"ingest/member/{number}" for number in range(1, MEMBERS_MAX + 1))
_WANTING = "ingest/wanting"
_logger = structlog.get_logger()

Make = Callable[[Unit, Claim], MqttIngest]


class IngestFailedError(Exception):
    """A session of this process can't go on: end the process and start it again."""


def claim_name(unit: Unit) -> str:
    """The claim of a session."""
    return f"ingest/session/{unit.session}"


class _Reading:
    """One session, read in a thread of its own."""

    def __init__(self, unit: Unit, claim: Claim, ingest: MqttIngest) -> None:
        self.unit, self.claim, self.ingest = unit, claim, ingest
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=unit.session, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.ingest.run(self._stop)
        except BaseException as error:
            self.failure = error

    @property
    def ended(self) -> bool:
        """Whether it has ended, by itself or told to."""
        return not self._thread.is_alive()

    def tell_to_end(self) -> None:
        """At the next moment between two batches; a batch that can't be recorded is left to the broker."""
        self._stop.set()

    def end(self) -> None:
        """Ends it and gives the claim back. Raises IngestFailedError where it does not end."""
        self._stop.set()
        self._thread.join(END_S)
        if self._thread.is_alive():
            raise IngestFailedError(f"{self.unit.session} has not ended within {END_S:g} s")
        self.claim.release()


class ShardKeeper:
    """Reads this process's share of the sessions. `make` builds the reader of a session under its claim."""

    def __init__(self, log: EventLog, units: Sequence[Unit], make: Make, *, look_s: float = LOOK_S) -> None:
        self._log, self._units, self._make, self._look_s = log, units, make, look_s
        self._mine: dict[str, _Reading] = {}
        self._member: tuple[str, Claim] | None = None
        self._wanting: Claim | None = None
        self._away = False
        self.ready = threading.Event()
        """Set while every session held is connected and subscribed; also where others hold them all."""

    @property
    def sessions(self) -> list[str]:
        """The sessions that this process reads."""
        return sorted(self._mine)

    def run(self, stop: threading.Event) -> None:
        """Until told to stop. Raises IngestFailedError, and what a session failed with."""
        try:
            while not stop.is_set():
                self._drop_lost()
                try:
                    self._look()
                    self._away = False
                except LogUnavailableError as error:
                    if not self._away:
                        _logger.warning("log_away", error=str(error), effect="no session is taken over")
                    self._away = True
                self._say_ready()
                stop.wait(self._look_s)
        finally:
            self.ready.clear()
            self._end_all()

    def _drop_lost(self) -> None:
        """Ends the sessions whose claim is gone, and finds those that failed."""
        lost = [one for one in self._mine.values() if not one.claim.held()]
        for one in lost:
            _logger.warning("ingest_claim_lost", session=one.unit.session)
            one.tell_to_end()
        for one in lost:
            self._give_up(one)
        for one in list(self._mine.values()):
            if one.failure is not None:
                raise one.failure
            if one.ended:  # its claim was another's when it wanted to record something
                self._give_up(one)

    def _give_up(self, one: _Reading) -> None:
        del self._mine[one.unit.session]
        one.end()

    def _look(self) -> None:
        me = self._join()
        names = {claim_name(unit): unit for unit in self._units}
        claimed = self._log.claimed([*_MEMBERS, _WANTING, *names])
        members = [name for name in _MEMBERS if name in claimed or name == me]
        share = share_of(len(self._units), members, me)
        self._hand_over(share, others_want=_WANTING in claimed and self._wanting is None)
        free = [unit for name, unit in names.items() if name not in claimed]
        self._take(free, share, others_want=_WANTING in claimed and len(self._mine) >= share.least)
        self._want(len(self._mine) < share.least)

    def _join(self) -> str:
        """The number under which this process is counted. Raises LogUnavailableError where all are taken."""
        if self._member and self._member[1].held():
            return self._member[0]
        self._member = None
        taken = self._log.claimed(_MEMBERS)
        for name in _MEMBERS:
            if name not in taken and (claim := self._log.claim(name)):
                self._member = (name, claim)
                return name
        raise LogUnavailableError(f"more than {MEMBERS_MAX} processes of ingest share one log")

    def _hand_over(self, share: Share, *, others_want: bool) -> None:
        allowed = share.most if share.keeps_most or not others_want else share.least
        excess = list(self._mine.values())[max(allowed, share.least) :]
        for one in excess:
            one.tell_to_end()
        for one in excess:
            _logger.info("ingest_hands_over", session=one.unit.session)
            self._give_up(one)

    def _take(self, free: Sequence[Unit], share: Share, *, others_want: bool) -> None:
        room = (share.least if others_want else share.most) - len(self._mine)
        for unit in free:
            if room <= 0 or unit.session in self._mine:
                return
            claim = self._log.claim(claim_name(unit))
            if claim is None:
                continue
            _logger.info("ingest_takes", session=unit.session)
            try:
                self._mine[unit.session] = _Reading(unit, claim, self._make(unit, claim))
            except BaseException:
                claim.release()
                raise
            room -= 1

    def _want(self, wanting: bool) -> None:
        """Says to the others, or no longer, that this process has less than its share."""
        if wanting and (self._wanting is None or not self._wanting.held()):
            self._wanting = self._log.claim(_WANTING, shared=True)
        elif not wanting and self._wanting is not None:
            self._wanting.release()
            self._wanting = None

    def _say_ready(self) -> None:
        if not self._away and all(one.ingest.ready.is_set() for one in self._mine.values()):
            self.ready.set()
        else:
            self.ready.clear()

    def _end_all(self) -> None:
        for one in self._mine.values():
            one.tell_to_end()
        for session in self.sessions:
            self._give_up(self._mine[session])
        for claim in (self._wanting, self._member and self._member[1]):
            if claim:
                claim.release()
