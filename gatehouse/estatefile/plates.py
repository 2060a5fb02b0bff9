"""The forms of Chinese number plates after GA 36-2018, so that a typing mistake in a register is found, what
a mistaken plate was probably meant to be, and what people and cameras write for "no plate".

Military plates are not in that standard; their common form is taken too. Says nothing about who owns one.
"""

from __future__ import annotations

import re
import unicodedata

from eventlog.plates import normal
from eventlog.vocabulary.vehicle import NO_PLATE

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


_SAID_FOR_NONE = NO_PLATE | {
    "无牌", "无号牌", "无车牌", "未上牌", "没有", "未知", "不详", "临牌", "暂无", "待办",
    "n/a", "na", "null", "nil", "no", "no plate", "noplate", "unknown", "tbd",
    "?", "??", "/", "x", "xx", "xxx", "0", "00000", "000000",
}  # fmt: skip
_LOOK_LIKE_LATIN = str.maketrans("АВСЕНКМОРТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXYABEZHIKMNOPTYX")
"""Cyrillic and Greek capitals that look like Latin ones."""
_NOT_IN_SERIALS = str.maketrans("OIQ", "010")


def says_no_plate(plate: str) -> bool:
    """Whether what stands where a plate should stands for none."""
    return plate.strip().lower() in _SAID_FOR_NONE or not normal(plate)


def meant(plate: str) -> str | None:
    """What a mistaken plate was probably meant to be: wide, Cyrillic, Greek letters, O or I in the serial."""
    latin = normal(unicodedata.normalize("NFKC", plate)).translate(_LOOK_LIKE_LATIN)
    for guess in (latin, latin[:2] + latin[2:].translate(_NOT_IN_SERIALS)):
        if plate_form(guess) is not None:
            return guess
    return None
