"""calico-triage: from the rows of a bundle to ranked root causes and a report."""

__version__ = "0.1.0"
