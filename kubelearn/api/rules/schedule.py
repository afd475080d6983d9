"""What is wrong with a cron schedule or the name of a time zone.

Part of Kubernetes: batch validation, with the words of its parser (robfig/cron).
"""
from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

FIELDS = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
)
DESCRIPTORS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


@lru_cache(maxsize=512)
def complaint(schedule: str) -> str:
    """'' for a schedule that is right."""
    if schedule.startswith("@"):
        every = re.fullmatch(r"@every (\d+(\.\d+)?(h|m|s|ms))+", schedule)
        return "" if schedule in DESCRIPTORS or every else f"unrecognized descriptor: {schedule}"
    words = schedule.split()
    if len(words) != 5:
        return f"expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]"
    for word, (low, high, names) in zip(words, FIELDS):
        for part in word.split(","):
            if text := _part(part, low, high, names):
                return text
    return ""


def _part(part: str, low: int, high: int, names: list[str]) -> str:
    """One entry of a list: 5, 1-5, */15, mon-fri/2."""
    bounds, *steps = part.split("/")
    if len(steps) > 1:
        return f"too many slashes: {part}"
    ends = bounds.split("-")
    if len(ends) > 2:
        return f"too many hyphens: {part}"
    numbers = []
    for end in ends if bounds not in ("*", "?") else ():
        if end.lower() not in names and not end.isdigit():
            return f'failed to parse int from {end}: strconv.Atoi: parsing "{end}": invalid syntax'
        numbers.append(int(end) if end.isdigit() else names.index(end.lower()) + low)
    if steps and not (steps[0].isdigit() and int(steps[0])):
        return f"step of range should be a positive number: {part}" if steps[0].isdigit() else \
            f'failed to parse int from {steps[0]}: strconv.Atoi: parsing "{steps[0]}": invalid syntax'
    if numbers and numbers[0] < low:
        return f"beginning of range ({numbers[0]}) below minimum ({low}): {part}"
    if numbers and numbers[-1] > high:
        return f"end of range ({numbers[-1]}) above maximum ({high}): {part}"
    return (
        f"beginning of range ({numbers[0]}) beyond end of range ({numbers[-1]}): {part}"
        if len(numbers) == 2 and numbers[0] > numbers[1]
        else ""
    )


@lru_cache(maxsize=128)
def zone_complaint(zone: str) -> str:
    if not zone:
        return "timeZone must be nil or non-empty string"
    if zone.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return f"unknown time zone {zone}"
    return ""
