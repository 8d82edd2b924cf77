"""Chapter 07: customers choose tables, and a partition appears."""

import traitlets

from wslbook.widgets.figure import LiveFigure, uniforms

__all__ = ["Restaurant"]


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
        for i, u in enumerate(uniforms(self.seed, self.customers)):
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
