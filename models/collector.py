"""The garbage collector, told what this program is like: much that stays, and little in cycles."""

import gc

# Net allocations between collections of young objects. Recording one event makes some hundred, and
# nearly all are freed by their counts.
_YOUNG_OBJECTS = 20_000


def spare_collector() -> None:
    """Takes what was made so far, which stays, out of the collector's sight; it looks less often.

    For processes that serve or import, once they have loaded what they run on. Walking the schema
    and the libraries again and again took a quarter of a server's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 100)
