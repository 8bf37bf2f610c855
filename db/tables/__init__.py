"""The tables of the ledger. What may happen to them stands in jobs, items, lanes and sweep, nowhere else.

Tables name each other across these files, so whoever imports one of them has them all.
"""

from dinoq.db.tables import carried, figures, fleet, items, jobs, remarks, results

__all__ = ["carried", "figures", "fleet", "items", "jobs", "remarks", "results"]
