"""Chapter 07: customers choose tables, and a partition appears."""

from collections.abc import Iterator

import traitlets

from wslbook.widgets.figure import LiveFigure

__all__ = ["Restaurant"]

MASK = 0xFFFFFFFF


class Restaurant(LiveFigure):
    """Customers take seats one by one by the rule of a Pitman-Yor process.

    After i customers a table with n_k of them is chosen with probability
    (n_k - discount) / (concentration + i), a new one otherwise. The seed gives one uniform number
    per customer, the same whatever the other controls say.

    Derived in: notebooks/07
    """

    module = "restaurant"
    customers = traitlets.Int(12).tag(sync=True)
    concentration = traitlets.Float(1.0).tag(sync=True)
    discount = traitlets.Float(0.0).tag(sync=True)
    seed = traitlets.Int(1).tag(sync=True)

    def labels(self) -> list[int]:
        """Return the partition that the figure shows: the table of each customer."""
        sizes: list[int] = []
        seats: list[int] = []
        for i, u in zip(range(self.customers), mulberry32(self.seed), strict=False):
            # [0, 1) is cut into the tables, in order, and the rest for a new one.
            rest, table = u * (self.concentration + i), 0
            while table < len(sizes) and rest >= sizes[table] - self.discount:
                rest -= sizes[table] - self.discount
                table += 1
            if table == len(sizes):
                sizes.append(0)
            sizes[table] += 1
            seats.append(table)
        return seats


def mulberry32(seed: int) -> Iterator[float]:
    """Yield uniform numbers, the same as the generator of that name in restaurant.mjs.

    Args:
        seed: an integer of 32 bits.

    Returns:
        An endless stream in [0, 1).

    Example:
        >>> round(next(mulberry32(1)), 6)
        0.627074

    Derived in: notebooks/07
    """
    while True:
        seed = (seed + 0x6D2B79F5) & MASK
        t = (seed ^ (seed >> 15)) * (seed | 1) & MASK
        t ^= (t + (t ^ (t >> 7)) * (t | 61)) & MASK
        yield (t ^ (t >> 14)) / 2**32
