"""Faults: repeatable, independent of each other, in the share that was asked for."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from simulators.faults import KINDS, Faults, parse_fault
from simulators.message import Identity, Message
from simulators.scenarios import packaged
from tests.simulators.test_scenarios import explain, perform
from tests.simulators.virtual import VirtualSystem

GATE = Identity("xiegou", "access", "gate-n1")
SECOND = 1_000_000


def message(seq: int) -> Message:
    return Message(GATE, f"id-{seq}", seq, "access.door_opened", seq * SECOND, {"door": "gate-n1"})


def all_deliveries(faults: Faults, count: int = 2_000) -> list[tuple[int, Message]]:
    return [
        (delivery.at_us, delivery.message)
        for seq in range(1, count + 1)
        for delivery in faults.deliveries(message(seq), seq * SECOND)
    ]


def test_without_faults_everything_leaves_at_once_and_whole() -> None:
    assert all_deliveries(Faults(), 50) == [(seq * SECOND, message(seq)) for seq in range(1, 51)]


def test_the_same_seed_gives_the_same_faults_and_another_gives_others() -> None:
    texts = ["duplicate=0.2", "late=0.1", "out_of_order=0.2", "corrupt=0.1"]
    assert all_deliveries(Faults.of(texts, 7)) == all_deliveries(Faults.of(texts, 7))
    assert all_deliveries(Faults.of(texts, 7)) != all_deliveries(Faults.of(texts, 8))


def test_one_fault_more_leaves_the_others_where_they_were() -> None:
    def doubled(faults: Faults) -> set[str]:
        seen = [message.id for _, message in all_deliveries(faults)]
        return {each for each in seen if seen.count(each) > 1}

    alone = Faults.of(["duplicate=0.05"], 3)
    both = Faults.of(["duplicate=0.05", "corrupt=0.3", "late=0.2"], 3)
    assert doubled(alone) == doubled(both) != set()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_is_the_share(share: float) -> None:
    sent = all_deliveries(Faults.of([f"duplicate={share}"], 1))
    assert abs((len(sent) - 2_000) / 2_000 - share) < 0.03


def test_a_duplicate_is_the_very_same_a_little_later() -> None:
    first, second = Faults.of(["duplicate=1:2"]).deliveries(message(1), SECOND)
    assert first.message == second.message
    assert SECOND == first.at_us <= second.at_us <= 3 * SECOND


def test_late_and_out_of_order_keep_the_time_that_the_device_saw() -> None:
    [late] = Faults.of(["late=1:900"]).deliveries(message(1), SECOND)
    assert (late.at_us, late.message.occurred_us) == (901 * SECOND, SECOND)
    order = sorted(all_deliveries(Faults.of(["out_of_order=0.5:2"]), 100), key=lambda each: each[0])
    seqs = [message.seq for _, message in order]
    assert seqs != sorted(seqs)
    assert sorted(seqs) == list(range(1, 101))


def test_a_corrupt_message_can_not_be_decoded() -> None:
    [broken] = Faults.of(["corrupt=1"]).deliveries(message(1), SECOND)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(broken.message.payload())
    assert orjson.loads(replace(broken.message, broken=False).payload())["seq"] == 1


def test_clocks_are_off_and_devices_silent_by_device() -> None:
    devices = [Identity("xiegou", "access", f"door-{n}") for n in range(200)]
    faults = Faults.of(["clock_off=0.5:30", "silent=0.25:10"], 5)
    offsets = [faults.clock_off_us(device) for device in devices]
    assert set(offsets) == {0, 30 * SECOND, -30 * SECOND}
    assert 70 < sum(offset != 0 for offset in offsets) < 130
    silent = [faults.silent_from_us(device) for device in devices]
    assert set(silent) == {None, 10 * SECOND}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("broken", "there is no fault 'broken'; there are: duplicate"),
        ("late=x", "expected late=SHARE or late=SHARE:SECONDS"),
        ("late=2", "a share from 0 to 1"),
        ("late=0.1:-4", "seconds of 0 or more"),
    ],
)
def test_a_fault_that_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_fault(text)


def test_defaults_come_from_the_table() -> None:
    assert parse_fault("late").amount_s == KINDS["late"].amount_s
    assert parse_fault("late=0.5").share == 0.5


@pytest.mark.parametrize("name", ["door-wedged-open", "three-denials-at-one-door", "a-stolen-car"])
def test_duplicates_and_disorder_within_two_seconds_change_no_verdict(name: str) -> None:
    scenario = packaged(name)
    faults = Faults.of(["duplicate=0.5:2", "out_of_order=0.3:0.9"], 11)
    verdict, _ = perform(scenario, VirtualSystem(scenario.estate.file), faults=faults)
    assert verdict.ok, explain(verdict)


def test_a_corrupt_scenario_is_quarantined_and_its_alerts_are_missed() -> None:
    scenario = packaged("three-denials-at-one-door")
    system = VirtualSystem(scenario.estate.file)
    verdict, stage = perform(scenario, system, faults=Faults.of(["corrupt=1"]))
    assert [judged.alert for judged in verdict.judged] == [None, None]
    assert verdict.exit_code == 1
    assert sum(system.log.quarantine_counts().values()) == len(stage.sent) == 6


def test_what_a_silent_device_does_not_say_is_missed() -> None:
    scenario = packaged("three-denials-at-one-door")
    verdict, stage = perform(scenario, VirtualSystem(scenario.estate.file), faults=Faults.of(["silent=1:31"]))
    assert len(stage.sent) == 2
    assert not verdict.ok


def test_a_late_message_raises_nothing_that_pages() -> None:
    scenario = packaged("three-denials-at-one-door")
    verdict, _ = perform(scenario, VirtualSystem(scenario.estate.file), faults=Faults.of(["late=1:3600"]))
    denials = [alert for alert in verdict.unexpected if alert.rule == "repeated_denials"]
    assert [alert.late for alert in denials] == [True, True]
    assert all(judged.alert is None for judged in verdict.judged)
