"""Settings for every test of this package."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# The helper module beside this file; the import mode of the project puts no test folder there.
sys.path.insert(0, str(Path(__file__).parent))

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
