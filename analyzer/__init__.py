"""calico-triage: from the rows of a bundle to ranked root causes and a report."""

__version__ = "0.1.0"

#: for ``gc.set_threshold``: rows by the hundred thousand are kept, none in a cycle; every 700 objects is a waste
LOOKS_FOR_CYCLES = (100_000, 20, 20)
