"""Faces on a watch list: once with a high score, twice with a lower one."""

from __future__ import annotations

from eventlog.vocabulary import WatchEntrySet
from processors.rules.watchlist_face import Settings, WatchlistFace
from tests.processors.estate import estate
from tests.processors.story import check

KNOWN = "gate-n:person:p-wanted"
RULE = WatchlistFace()


def tell(story: str, **more: object) -> list[object]:
    """The story with the key written as the reference it is."""
    return check(RULE, story.replace("KEY", KEY), **more)  # type: ignore[arg-type]


def key_of(person: str, zone: str = "gate-n") -> str:
    from eventlog.ids import reference
    from tests.processors.estate import NAME

    return f"{zone}:{reference(NAME, person)}"


KEY = key_of("p-wanted")


def test_a_match_over_its_score_is_told_at_once() -> None:
    tell("00:00  face-1  knows  p-wanted  score=0.8  -> high KEY since 00:00")


def test_a_lower_score_takes_two_within_half_a_minute() -> None:
    tell(
        """
        00:00  face-1  knows  p-wanted  score=0.79
        00:30  face-1  knows  p-wanted  score=0.6  -> high KEY
        """
    )
    tell(
        """
        00:00      face-1  knows  p-wanted  score=0.79
        00:30.001  face-1  knows  p-wanted  score=0.79
        """
    )


def test_two_that_come_out_of_order_are_two() -> None:
    tell(
        """
        00:05  face-1  knows  p-wanted  score=0.7
        00:06  face-1  knows  p-wanted  score=0.7  @00:01  -> high KEY since 00:01
        """
    )


def test_a_score_that_is_too_low_is_no_match() -> None:
    tell(
        """
        00:00  face-1  knows  p-wanted  score=0.599
        00:01  face-1  knows  p-wanted  score=0.599
        00:02  face-1  knows  p-wanted  score=0.599
        """
    )


def test_residents_are_on_no_watch_list() -> None:
    tell("00:00  face-1  knows  p-li  list=residents  score=0.99")


def test_the_terminals_list_counts_where_it_is_one_of_ours() -> None:
    tell(f"00:00  face-1  knows  p-new  list=wanted  -> high {key_of('p-new')}")


def test_two_low_ones_of_two_people_are_none() -> None:
    tell(
        """
        00:00  face-1  knows  p-wanted  score=0.7
        00:01  face-1  knows  p-new  list=wanted  score=0.7
        """
    )


def test_one_visit_is_told_once() -> None:
    tell(
        """
        00:00      face-1  knows  p-wanted  -> high KEY
        00:30      face-1  knows  p-wanted
        00:59.999  face-1  knows  p-wanted
        01:00      face-1  knows  p-wanted  -> high KEY
        """
    )


def test_the_worst_list_says_how_severe() -> None:
    place = estate(WatchEntrySet(list="missing", kind="person", value="p-wanted", severity="critical"))
    (signal,) = check(RULE, f"00:00  face-1  knows  p-wanted  -> critical {KEY}", place=place)
    assert signal.title.en == "gate-n: a person on the list missing, wanted"
    assert "p-wanted" not in signal.model_dump_json()


def test_the_scores_are_settings_of_the_zone() -> None:
    strict = WatchlistFace(None, {"gate-n": Settings(sure_score=0.95, low_score=0.9)})
    check(
        strict,
        f"""
        00:00  face-1  knows  p-wanted  score=0.89
        00:01  face-1  knows  p-wanted  score=0.94
        00:02  face-1  knows  p-wanted  score=0.94  -> high {KEY}
        """,
    )


def test_history_is_told_as_late() -> None:
    tell("60:00  face-1  knows  p-wanted  history  @10:00  -> late high KEY")
