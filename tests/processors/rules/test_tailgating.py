"""More people go in through a door in one opening than were let in."""

from __future__ import annotations

from eventlog.vocabulary import DeviceSet, DoorSet
from processors.rules.tailgating import Settings, Tailgating
from tests.processors.estate import estate
from tests.processors.story import check, entries_of, parse, step_for

RULE = Tailgating()
PLACE = estate(
    DeviceSet(device="cam-3", family="camera", zone="building-3"),
    DeviceSet(device="cam-4", family="camera", zone="building-3"),
)


def test_two_too_many_by_the_counter_alone() -> None:
    signals = check(
        RULE,
        """
        00:00      building-3  granted  a
        00:01      building-3  opened
        00:06      building-3  counted  3
        00:07      building-3  closed
        00:10.999  time
        00:11      time  -> medium building-3 since 00:06
        """,
        place=PLACE,
    )
    assert signals[0].zone == "building-3"
    assert signals[0].title.en == "building-3: 3 people went in at door three, 1 were let in"
    assert signals[0].evidence == ("event-3",)
    assert signals[0].devices == ("building-3",)


def test_one_too_many_where_a_camera_agrees() -> None:
    signals = check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:02  cam-3       sees     person  zone=building-3  track=1
        00:04  cam-3       sees     person  zone=building-3  track=2
        00:06  building-3  counted  2
        00:07  building-3  closed
        00:20  time  -> medium building-3 since 00:06
        """,
        place=PLACE,
    )
    assert signals[0].evidence == ("event-5", "event-3", "event-4")
    assert signals[0].devices == ("building-3", "cam-3")


def test_one_too_many_by_the_counter_alone_goes_into_the_rate_only() -> None:
    step = step_for(RULE, PLACE)
    story = """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:06  building-3  counted  2
        00:07  building-3  closed
        00:20  time
        01:00  building-3  granted  a
        01:01  building-3  opened
        01:06  building-3  counted  1
        01:07  building-3  closed
        01:20  time
        """
    for entry in entries_of(parse(story)):
        step.take(entry)
    assert not step.outputs()
    (saved,) = [each for each in step.changed()[0] if each.key.startswith("rule/tailgating/")]
    assert b'"rates":[{"door":"building-3","openings":2,"singles":1}]' in saved.value


def test_one_too_few_says_nothing() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:00  building-3  granted  b
        00:01  building-3  opened
        00:06  building-3  counted  1
        00:20  time
        """,
        place=PLACE,
    )


CAMERA_BESIDE = """
    00:00  building-3  granted  a
    00:01  building-3  opened
    00:03  cam-3       sees     person  zone=building-3  track=1
    {}
    00:06  building-3  counted  2
    00:07  building-3  closed
    00:20  time
    """


def test_a_camera_that_saw_one_does_not_agree() -> None:
    for line in (
        "00:04  cam-3  sees  person  zone=building-3  track=1",  # the same person again
        "00:04  cam-3  sees  person  zone=building-3  track=2  what=leave",
        "00:04  cam-3  sees  person  zone=building-3  track=2  what=stay",
        "00:04  cam-3  sees  bicycle  zone=building-3  track=2",
        "00:04  cam-3  sees  person  zone=far  track=2",
        "00:04  cam-4  sees  person  zone=building-3  track=2",  # by another camera: perhaps the same
    ):
        check(RULE, CAMERA_BESIDE.format(line), place=PLACE)


def seen_at(when: str, told: str = "") -> str:
    return f"""
        00:00  building-3  granted  a
        00:05  building-3  opened
        00:06  cam-3       sees     person  zone=building-3  track=1
        00:08  building-3  counted  2
        00:10  building-3  closed
        00:12.900  cam-3   sees     person  zone=building-3  track=2  @{when}
        00:20  time  {told}
        """


def test_persons_shortly_before_and_after_the_opening_are_of_it() -> None:
    told = "-> medium building-3"
    for when in ("00:03", "00:12"):
        check(RULE, seen_at(when, told), place=PLACE)
    for when in ("00:02.999", "00:12.001"):
        check(RULE, seen_at(when), place=PLACE)


def test_two_grants_in_one_opening_are_two_people() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:02  cam-3       sees     person  zone=building-3  track=1
        00:03  building-3  granted  b
        00:04  cam-3       sees     person  zone=building-3  track=2
        00:06  building-3  counted  2
        00:07  building-3  closed
        00:20  time
        """,
        place=PLACE,
    )


def test_people_leaving_are_no_entries() -> None:
    check(
        RULE,
        """
        00:00  building-3  exit
        00:01  building-3  opened
        00:06  building-3  counted  3  to=out
        00:07  building-3  closed
        00:20  time
        """,
        place=PLACE,
    )


def test_those_leaving_in_the_picture_do_not_agree_with_the_counter() -> None:
    """One goes in, one leaves; the counter adds one to those going in, the camera sees two."""
    for leaving in ("exit", "counted  1  to=out", "granted  b  to=out"):
        check(
            RULE,
            f"""
            00:00  building-3  granted  a
            00:01  building-3  opened
            00:02  building-3  {leaving}
            00:02  cam-3       sees     person  zone=building-3  track=1
            00:04  cam-3       sees     person  zone=building-3  track=2
            00:06  building-3  counted  2
            00:07  building-3  closed
            00:20  time
            """,
            place=PLACE,
        )


def test_those_let_in_next_door_do_not_agree_with_the_counter() -> None:
    place = estate(
        DeviceSet(device="cam-3", family="camera", zone="building-3"),
        DoorSet(door="building-3-back", device="building-3", zone="building-3"),
    )
    check(
        RULE,
        """
        00:00  building-3       granted  a
        00:00  building-3-back  granted  b
        00:01  building-3       opened
        00:02  cam-3            sees     person  zone=building-3  track=1
        00:04  cam-3            sees     person  zone=building-3  track=2
        00:06  building-3       counted  2
        00:07  building-3       closed
        00:20  time
        """,
        place=place,
    )


def test_a_grant_counts_five_seconds_before_the_opening() -> None:
    story = """
        00:00  building-3  granted  a
        {}     building-3  opened
        00:08  building-3  counted  2
        00:20  time  {}
        """
    check(RULE, story.format("00:05    ", ""), place=PLACE)
    check(RULE, story.format("00:05.001", "-> medium building-3"), place=PLACE)


def test_a_grant_after_the_door_has_closed_does_not_count() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:05  building-3  closed
        00:06  building-3  counted  3
        00:07  building-3  granted  b
        00:20  time  -> medium building-3
        """,
        place=PLACE,
    )


def test_openings_close_together_each_have_their_own_grants() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:02  building-3  granted  b
        00:04  building-3  closed
        00:04  building-3  counted  2
        00:05  building-3  opened
        00:07  building-3  closed
        00:07  building-3  counted  2
        00:20  time  -> medium building-3 since 00:07
        """,
        place=PLACE,
    )
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:03  building-3  granted  b
        00:03  building-3  granted  c
        00:04  building-3  closed
        00:04  building-3  counted  1
        00:05  building-3  opened
        00:07  building-3  closed
        00:07  building-3  counted  2
        00:20  time
        """,
        place=PLACE,
    )


def test_several_counts_of_one_opening_are_added() -> None:
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:01  building-3  opened
        00:02  building-3  counted
        00:03  building-3  counted
        00:04  building-3  counted
        00:05  building-3  closed
        00:06      time
        00:08.999  time
        00:09      time  -> medium building-3 since 00:04
        """,
        place=PLACE,
    )


def test_a_contact_that_bounces_makes_no_opening_of_its_own() -> None:
    check(
        RULE,
        """
        00:00      building-3  granted  a
        00:00.5    building-3  granted  b
        00:01      building-3  opened
        00:07      building-3  closed
        00:07.200  building-3  opened
        00:07.300  building-3  closed
        00:08      building-3  counted  2
        00:20      time
        01:00      building-3  opened
        01:07      building-3  closed
        01:07.501  building-3  opened
        01:08      building-3  counted  2
        01:20      time  -> medium building-3 since 01:08
        """,
        place=PLACE,
    )


def test_a_door_without_a_contact_goes_by_its_counts() -> None:
    story = """
        00:00  building-3  granted  a
        {}     building-3  counted  2
        01:00  time  {}
        """
    check(RULE, story.format("00:14.999", ""), place=PLACE)
    check(RULE, story.format("00:15.001", "-> medium building-3"), place=PLACE)
    check(
        RULE,
        """
        00:00  building-3  granted  a
        00:05  building-3  counted  1
        00:08  building-3  counted  2
        01:00  time  -> medium building-3 since 00:08
        """,
        place=PLACE,
    )


def test_a_grant_that_comes_late_is_heard() -> None:
    check(
        RULE,
        """
        00:00      building-3  granted  a
        00:01      building-3  opened
        00:06      building-3  counted  3
        00:10.999  building-3  granted  b  @00:02
        00:20      time
        """,
        place=PLACE,
    )


def test_history_is_told_as_late() -> None:
    check(
        RULE,
        """
        00:00  building-3  opened      @-3:00:00
        00:00  building-3  counted  2  @-2:59:57
        00:00  building-3  closed      @-2:59:55
        01:00  time  -> late medium building-3
        """,
        place=PLACE,
    )


def test_nothing_is_kept_of_persons_where_there_is_no_door() -> None:
    step = step_for(RULE, PLACE)
    for entry in entries_of(parse("00:00  cam-3  sees  person  zone=yard")):
        step.take(entry)
    assert not [each for each in step.changed()[0] if each.key.startswith("rule/")]


def test_a_zone_may_have_its_own_numbers() -> None:
    rule = Tailgating(
        zones={"building-3": Settings(grant_s=10, settle_s=1, surplus=3, camera_s=0, no_contact_s=5)}
    )
    check(
        rule,
        """
        00:00  building-3  granted  a
        00:10  building-3  opened
        00:12  building-3  counted  3
        00:13  time
        01:00  building-3  opened
        01:02  building-3  counted  3
        01:03  time  -> medium building-3
        """,
        place=PLACE,
    )
