"""The verbs of stories for cameras, faces, fences, probes, patrols. `tests.processors.story` has the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventlog.vocabulary import (
    CameraCrowd,
    CameraFall,
    CameraFireSmoke,
    CameraObject,
    CameraObjectLeft,
    CameraRestored,
    CameraTamper,
    DeliveryConfirmed,
    DeliveryFailed,
    DeliverySent,
    Event,
    FaceRecognised,
    FaceUnknown,
    FenceAlarm,
    FenceRestored,
    PartVital,
    PatrolCheckpoint,
    PatrolPosition,
    PatrolResponse,
    ProbeSighting,
    SystemVitals,
)


def verbs(subject: str, rest: list[str], options: dict[str, str]) -> dict[str, Callable[[], Event]]:
    """The event that each verb makes: `subject verb rest… name=value…`."""
    first = rest[0] if rest else None
    sure = {"confidence": float(options["sure"])} if "sure" in options else {}
    place: dict[str, Any] = {**sure, **({"zone": options["zone"]} if "zone" in options else {})}
    score = float(options.get("score", "0.9"))
    part = PartVital(behind=int(options.get("behind", "0")), still_s=float(options.get("still", "0")))
    message = {"alert": "alert-1", "version": 1, "channel": subject, "recipient": "squad-1"}
    return {
        "vitals": lambda: SystemVitals(
            quarantine_count=int(options["quarantine"]) if "quarantine" in options else None,
            disk_used_share=float(options["disk"]) if "disk" in options else None,
            parts={options["part"]: part} if "part" in options else {},
        ),
        "sent": lambda: DeliverySent(**message),  # type: ignore[arg-type]
        "confirmed": lambda: DeliveryConfirmed(**message),  # type: ignore[arg-type]
        "failed": lambda: DeliveryFailed(**message, error="timed out"),  # type: ignore[arg-type]
        "sees": lambda: CameraObject(
            label=first or "person",
            track=options.get("track", "t1"),
            event=options.get("what", "enter"),  # type: ignore[arg-type]
            zone=options.get("zone", "yard"),
            confidence=float(options.get("sure", "0.9")),
            dwell_s=float(options["dwell"]) if "dwell" in options else None,
        ),
        "counts": lambda: CameraCrowd(zone=options.get("zone"), count=int(first or "0")),
        "tampered": lambda: CameraTamper(kind=first or "covered"),  # type: ignore[arg-type]
        "sighted": lambda: CameraRestored(kind=first),  # type: ignore[arg-type]
        "burns": lambda: CameraFireSmoke(kind=first, **place),  # type: ignore[arg-type]
        "falls": lambda: CameraFall(**place),
        "left": lambda: CameraObjectLeft(label=first, **place),
        "knows": lambda: FaceRecognised(person=first or "", list=options.get("list", "wanted"), score=score),
        "stranger": lambda: FaceUnknown(score=score, face=first),
        "alarms": lambda: FenceAlarm(segment=subject, kind=first or "climb"),  # type: ignore[arg-type]
        "quiet": lambda: FenceRestored(segment=subject),
        "hears": lambda: ProbeSighting(
            address=first or "", randomised="random" in rest, rssi=-60, radio="wifi"
        ),
        "point": lambda: PatrolCheckpoint(
            member=subject, squad=options.get("squad", "squad-1"), checkpoint=first or "", method="nfc"
        ),
        "stands": lambda: PatrolPosition(
            member=subject,
            squad=options.get("squad", "squad-1"),
            position={"lat": 40.0, "lon": 116.0},  # type: ignore[arg-type]
            zone=first,
        ),
        "answers": lambda: PatrolResponse(alert="alert-1", member=subject, action=first or "arrive"),  # type: ignore[arg-type]
    }
