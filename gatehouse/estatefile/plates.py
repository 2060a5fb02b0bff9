"""The forms of Chinese number plates after GA 36-2018, so that a typing mistake in a register is found.

Military plates are not in that standard; their common form is taken too. Says nothing about who owns one.
"""

from __future__ import annotations

import re

_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_SERIAL = "[A-HJ-NP-Z0-9]"
"""Letters I and O are not used in serials."""

_FORMS = (
    ("civil", rf"{_PROVINCE}[A-Z](?=(?:.*\d){{2}}){_SERIAL}{{5}}"),
    ("new energy, small", rf"{_PROVINCE}[A-Z][A-HJK]{_SERIAL}\d{{4}}"),
    ("new energy, large", rf"{_PROVINCE}[A-Z]\d{{5}}[A-HJK]"),
    ("trailer, learner, police", rf"{_PROVINCE}[A-Z]{_SERIAL}{{4}}[挂学警]"),
    ("Hong Kong and Macao", rf"粤Z{_SERIAL}{{4}}[港澳]"),
    ("consulate", rf"{_PROVINCE}[A-Z]?\d{{4,5}}领"),
    ("embassy", r"使\d{6}|\d{6}使"),
    ("emergency", rf"{_PROVINCE}[A-Z]\d{{4}}应急"),
    ("military", r"[A-Z]{2}\d{5}"),
    ("armed police", rf"WJ{_PROVINCE}?\d{{4}}[0-9A-Z]"),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _FORMS)


def plate_form(plate: str) -> str | None:
    """The form that a plate has, or None. Source of the forms: GA 36-2018, section on serials."""
    for name, pattern in _COMPILED:
        if pattern.fullmatch(plate):
            return name
    return None
