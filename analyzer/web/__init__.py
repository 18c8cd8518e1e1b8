"""The upload page and its HTTP API: what ``calico-triage serve`` runs. Only the command line imports it."""
