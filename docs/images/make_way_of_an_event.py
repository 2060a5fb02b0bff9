"""Draws docs/images/way-of-an-event.svg: run it after changing the boxes below."""

from __future__ import annotations

from pathlib import Path

BOXES = [  # x, y, width, title, below, colour
    (20, 60, 150, "设备 devices", "gates, plates, cameras,\nfaces, fence, phones", "#334155"),
    (20, 190, 150, "模拟器 simulators", "the same over MQTT,\nfaults on request", "#334155"),
    (230, 110, 150, "接入 ingest", "one validation an event,\nack after commit", "#0f766e"),
    (230, 260, 150, "隔离 quarantine", "what can't be decoded,\nwith its reason", "#b45309"),
    (440, 110, 170, "事件日志 event log", "append-only, hashed chain\nSQLite · PostgreSQL", "#1d4ed8"),
    (680, 20, 170, "处理 processors", "pure rules → alerts,\none decider an estate", "#7c3aed"),
    (680, 150, 170, "投影 projections", "alerts, devices, zones,\nvehicles inside", "#7c3aed"),
    (910, 20, 150, "推送 delivery", "squad topics, open list", "#be123c"),
    (910, 150, 150, "值班台 console", "page, API, live stream", "#be123c"),
    (1120, 20, 120, "巡逻队\npatrol teams", "", "#334155"),
    (1120, 150, 120, "值班员\noperators", "", "#334155"),
]
HEIGHT = 84
ARROWS = [  # from box, to box, label
    (0, 2, "MQTT"), (1, 2, "MQTT"), (2, 4, "batch"), (2, 3, ""), (4, 5, ""),
    (4, 6, "all"), (5, 7, "outputs"), (6, 8, ""), (7, 9, "MQTT"), (8, 10, "HTTP"),
]  # fmt: skip


def _box(x: int, y: int, width: int, title: str, below: str, colour: str) -> str:
    lines = [f'<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="10" fill="{colour}"/>']
    step = y + (24 if below else 38)
    for line in title.split("\n"):
        lines.append(f'<text x="{x + width / 2}" y="{step}" class="t">{line}</text>')
        step += 20
    for line in below.split("\n") if below else []:
        lines.append(f'<text x="{x + width / 2}" y="{step + 2}" class="s">{line}</text>')
        step += 16
    return "\n".join(lines)


def _arrow(start: int, end: int, label: str) -> str:
    ax, ay, aw, *_ = BOXES[start]
    bx, by, bw, *_ = BOXES[end]
    if bx > ax + aw:
        x1, y1, x2, y2 = ax + aw, ay + HEIGHT / 2, bx - 4, by + HEIGHT / 2
    else:
        x1, y1, x2, y2 = ax + aw / 2, ay + HEIGHT, bx + bw / 2, by - 4
    words = f'<text x="{(x1 + x2) / 2}" y="{(y1 + y2) / 2 - 6}" class="l">{label}</text>' if label else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="a" marker-end="url(#m)"/>{words}'


def draw() -> str:
    """The picture as SVG."""
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1260 370" font-family="sans-serif">',
            "<style>.t{fill:#fff;font-size:15px;font-weight:600;text-anchor:middle}"
            ".s{fill:#e2e8f0;font-size:11.5px;text-anchor:middle}.l{fill:#475569;font-size:12px;text-anchor:middle}"
            ".a{stroke:#64748b;stroke-width:2}</style>",
            '<defs><marker id="m" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0L10 5L0 10z" fill="#64748b"/></marker></defs>',
            '<rect width="1260" height="370" fill="#f8fafc"/>',
            *(_arrow(*arrow) for arrow in ARROWS),
            # The estate's step appends what it decides.
            '<path d="M765 104 C765 135 640 128 616 136" fill="none" class="a" marker-end="url(#m)"/>'
            '<text x="700" y="136" class="l">signal.* alert.*</text>',
            *(_box(*box) for box in BOXES),
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    Path(__file__).with_name("way-of-an-event.svg").write_text(draw(), "utf-8")
