"""Trying definitions without touching a real case: the very engine on a scratch database, with a clock that one can move.

`scenario` what is tried, as data · `scratch` the scratch company · `run` a scenario, from its start, each time anew ·
`masking` a finished case as a scenario, without its personal data.
"""
