"""Where events stand on the calendar page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from caseroom.calendar.months import (
    Bar,
    Block,
    Entry,
    agenda,
    day_blocks,
    days_covered,
    month_weeks,
    week_bars,
    week_of,
)  # fmt: skip

BRATISLAVA = ZoneInfo("Europe/Bratislava")
NEW_YORK = ZoneInfo("America/New_York")
WEEK = week_of(date(2026, 1, 7))


def timed(id_: str, day: int, hour: int, minute: int = 0, length: int = 60, zone: ZoneInfo = BRATISLAVA) -> Entry:
    start = datetime(2026, 1, day, hour, minute, tzinfo=zone)
    return Entry(id_, start, start + timedelta(minutes=length))


def whole(id_: str, first: int, after: int, zone: ZoneInfo = BRATISLAVA) -> Entry:
    return Entry(id_, datetime(2026, 1, first, tzinfo=zone), datetime(2026, 1, after, tzinfo=zone), True)


def test_a_month_is_shown_in_whole_weeks_from_the_first_weekday_on() -> None:
    weeks = month_weeks(2026, 2)
    assert weeks[0][0] == date(2026, 1, 26) and weeks[-1][-1] == date(2026, 3, 1)
    assert month_weeks(2026, 2, 6)[0][0] == date(2026, 2, 1) and len(month_weeks(2026, 2, 6)) == 4
    assert WEEK[0] == date(2026, 1, 5) and week_of(date(2026, 1, 7), 6)[0] == date(2026, 1, 4)


def test_a_timed_event_stands_on_the_days_of_the_viewers_zone() -> None:
    late = timed("a", 6, 20, zone=NEW_YORK)
    assert days_covered(late, NEW_YORK) == (date(2026, 1, 6), date(2026, 1, 6))
    assert days_covered(late, BRATISLAVA) == (date(2026, 1, 7), date(2026, 1, 7))


def test_an_all_day_event_stands_on_its_own_date_whoever_looks() -> None:
    assert days_covered(whole("a", 6, 7), NEW_YORK) == (date(2026, 1, 6), date(2026, 1, 6))


def test_an_event_that_ends_at_midnight_does_not_reach_the_next_day() -> None:
    assert days_covered(timed("a", 6, 22, length=120), BRATISLAVA)[1] == date(2026, 1, 6)
    assert days_covered(timed("b", 6, 0, length=0), BRATISLAVA) == (date(2026, 1, 6), date(2026, 1, 6))


def test_long_events_stand_above_short_ones_and_free_lanes_are_used_again() -> None:
    bars = week_bars([timed("call", 6, 9), whole("fair", 5, 8), timed("late", 8, 9)], WEEK, BRATISLAVA)
    assert bars == [
        Bar("fair", 0, 0, 3, False, False),
        Bar("call", 1, 1, 1, False, False),
        Bar("late", 0, 3, 1, False, False),
    ]


def test_a_bar_says_that_it_goes_on_beyond_its_week() -> None:
    assert week_bars([whole("trip", 2, 20)], WEEK, BRATISLAVA) == [Bar("trip", 0, 0, 7, True, True)]
    assert week_bars([whole("trip", 2, 5)], WEEK, BRATISLAVA) == []


def test_overlapping_events_stand_side_by_side_and_others_have_the_full_width() -> None:
    day = date(2026, 1, 6)
    entries = [
        timed("a", 6, 9, length=120),
        timed("b", 6, 10),
        timed("c", 6, 11, length=30),
        timed("d", 6, 14),
    ]
    assert day_blocks(entries, day, BRATISLAVA) == [
        Block("a", 540, 660, 0, 2),
        Block("b", 600, 660, 1, 2),
        Block("c", 660, 690, 0, 1),
        Block("d", 840, 900, 0, 1),
    ]


def test_an_event_over_midnight_is_cut_at_the_days_ends() -> None:
    night = timed("n", 6, 22, length=240)
    assert day_blocks([night], date(2026, 1, 6), BRATISLAVA) == [Block("n", 1320, 1440, 0, 1)]
    assert day_blocks([night], date(2026, 1, 7), BRATISLAVA) == [Block("n", 0, 120, 0, 1)]


def test_an_event_of_no_length_can_still_be_seen_even_just_before_midnight() -> None:
    assert day_blocks([timed("a", 6, 23, 59, 0)], date(2026, 1, 6), BRATISLAVA) == [Block("a", 1425, 1440, 0, 1)]


def test_the_night_in_which_the_clock_goes_back_has_no_block_of_negative_height() -> None:
    start = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 2:45, and half an hour later it is 2:15
    blocks = day_blocks([Entry("a", start, start + timedelta(minutes=30))], date(2026, 10, 25), BRATISLAVA)
    assert blocks == [Block("a", 165, 180, 0, 1)]


def test_the_agenda_lists_days_that_have_something_with_all_day_events_first() -> None:
    entries = [timed("b", 6, 9), timed("a", 6, 8), whole("fair", 6, 8), timed("night", 6, 22, length=240)]
    days = agenda(entries, date(2026, 1, 1), date(2026, 1, 31), BRATISLAVA)
    assert [(day.day, [line.id for line in lines]) for day, lines in days] == [
        (6, ["fair", "a", "b", "night"]),
        (7, ["fair", "night"]),
    ]
    night = days[1][1][1]
    assert night.start is None and night.end is not None and night.end.hour == 2


MOMENTS = st.integers(0, 14 * 24 * 4).map(
    lambda quarter: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter)
)


@given(st.lists(st.tuples(MOMENTS, st.integers(0, 5000), st.booleans()), max_size=30))
def test_nothing_ever_covers_another_and_nothing_is_lost(
    given_entries: list[tuple[datetime, int, bool]],
) -> None:
    entries = [
        Entry(str(number), start, start + timedelta(minutes=minutes), all_day)
        for number, (start, minutes, all_day) in enumerate(given_entries)
    ]
    bars = week_bars(entries, WEEK, BRATISLAVA)
    cells = [(bar.lane, column) for bar in bars for column in range(bar.column, bar.column + bar.span)]
    assert len(cells) == len(set(cells))
    covered = {entry.id: days_covered(entry, BRATISLAVA) for entry in entries}
    assert {bar.id for bar in bars} == {i for i, (a, b) in covered.items() if a <= WEEK[-1] and b >= WEEK[0]}
    for day in WEEK:
        blocks = day_blocks(entries, day, BRATISLAVA)
        assert {b.id for b in blocks} == {
            e.id for e in entries if not e.all_day and covered[e.id][0] <= day <= covered[e.id][1]
        }
        for one in blocks:
            assert 0 <= one.start < one.end <= 1440 and one.column < one.columns
            for other in blocks:
                if one is not other and one.start < other.end and other.start < one.end:
                    assert one.column != other.column and one.columns == other.columns
