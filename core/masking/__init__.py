"""Masks secrets and personal data: `[secret:8b12aa]`, `[email:3f9a1c]`.

Equal values get equal placeholders, so that one can still see that two lines speak of the same thing, but a placeholder
cannot be guessed back: it is a keyed hash. Masking what was masked changes nothing.
"""
