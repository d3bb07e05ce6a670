"""Planted faults: lending data with one known cause of a gap each, and how often `assay explain` names it first.

The generator knows nothing of the diagnosis: it speaks to it through the command line alone.
"""
