"""Public holidays of a country or a part of it, as the kept library has them. It is imported where one is named, and not before."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from tfdash.setting import Spelled
from tfdash.spelling import nearest


def _country(value: Any) -> str:
    """``US`` or ``US-NY``. Raises ``ValueError`` with the nearest there is."""
    if not isinstance(value, str):
        raise ValueError(
            f'{value!r} is no country; write its two letters, "US", or with a part of it "US-NY"'
        )
    if not value:
        return ""
    from holidays import country_holidays
    from holidays.registry import EntityLoader

    code, _, part = value.partition("-")
    codes = [c for c in EntityLoader.get_country_codes() if len(c) == 2]
    if code not in codes:
        raise ValueError(f'"{code}" is no country whose holidays are known; {nearest(code.upper(), codes)}')
    if part or value.endswith("-"):
        parts = country_holidays(code).subdivisions
        if part not in parts:
            raise ValueError(f'"{part}" is no part of {code}; {nearest(part.upper(), parts)}')
    return value


Country = Annotated[str, Spelled(_country, str)]
"""A country's two letters (ISO 3166-1), with or without a part of it (ISO 3166-2); "": none."""


@lru_cache(64)
def public_holidays(of: str, year: int) -> tuple[tuple[date, str], ...]:
    """Days and names of that year, in order, the days off in place of those on a weekend among them; in English where that is known."""
    from holidays import country_holidays

    code, _, part = of.partition("-")
    language = "en_US" if "en_US" in country_holidays(code).supported_languages else None
    found = country_holidays(code, subdiv=part or None, years=year, language=language)
    return tuple(sorted(found.items()))
