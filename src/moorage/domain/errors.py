"""Facts that stop an operation: one class per fact, carrying the facts, saying one lower-case sentence.

Edges turn these into wire codes by table (``edge/oci/errors.py``, ``edge/awsjson/errors.py``,
``edge/awsquery/errors.py``); tests see that no fact is missing from a table.
"""


class RegistryError(Exception):
    """Any fact that an edge must know how to tell."""
