# SPDX-License-Identifier: Apache-2.0
"""The version of the package, also for pyproject.toml."""

__version__ = "0.1.0"
