"""Pure functions on plain dicts: all that is known of Kubernetes' kinds, and nothing that runs.

data/ holds the tables: a real server's own, and those of defaults, rules and printers; resources.py says what is served, schema.py what
each kind looks like. walk.py is the one walk over an object and its schema, on which three visitors go: decode.py (scalars.py,
mismatch.py), defaulting.py (defaults.py), validation.py (rules/, checks.py, findings.py, metadata.py, names.py, fields.py, internal.py).
A custom resource's schema is customschema.py's. What changes objects: patch.py, strategic.py, apply.py (typed.py, fieldset.py),
conversion.py. Small words: meta.py, selectors.py (fieldselectors.py), quantity.py, usage.py, warnings.py, memo.py.
"""
