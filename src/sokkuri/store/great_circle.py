"""Compute how far two places on the Earth are apart, for filters.

Takes latitudes and longitudes in degrees; returns kilometres.
"""

from math import asin, cos, radians, sin, sqrt

RADIUS = 6371.009
"""Kilometres: the mean radius of the Earth (IUGG). A sphere is wrong by up to 0.6 %."""

MOST_KILOMETRES = 20_037.6
"""Kilometres: no two places are farther apart, not even along the equator."""

DISTANCE = "kilometres_between"
"""The name of `kilometres_between` in SQL."""


def kilometres_between(
    latitude: float | None, longitude: float | None, other_latitude: float, other_longitude: float
) -> float | None:
    """Return the distance of two places along a great circle. None if the first is unknown.

    The formula is that of half the versed sine (haversine), which is exact for near places too.
    """
    if latitude is None or longitude is None:
        return None
    north, other_north = radians(latitude), radians(other_latitude)
    east = radians(other_longitude - longitude)
    share = sin((other_north - north) / 2) ** 2
    share += cos(north) * cos(other_north) * sin(east / 2) ** 2
    return 2 * RADIUS * asin(sqrt(min(share, 1.0)))
