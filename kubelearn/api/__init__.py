"""Pure functions on plain dicts: all that is known of Kubernetes' kinds, and nothing that runs.

data/ holds the tables of a real server; resources.py says what is served, schema.py what each kind looks like. A schema's operations
are compiled from tables: decode.py (scalars.py, mismatch.py), defaulting.py (defaults.py), validation.py (rules/, checks.py, metadata.py,
names.py, fields.py, internal.py). A custom resource's schema is customschema.py's. What changes objects: patch.py, strategic.py, apply.py
(typed.py, fieldset.py), conversion.py. Small words: meta.py, selectors.py (fieldselectors.py), quantity.py, usage.py, warnings.py, memo.py.
"""
