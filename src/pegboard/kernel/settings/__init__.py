"""Settings: one file and the environment, checked as a whole before anything starts."""

from pegboard.kernel.settings.describe import describe, settings_page
from pegboard.kernel.settings.load import Problem, Settings, SettingsInvalid, load
from pegboard.kernel.settings.sections import (
    KERNEL_SECTIONS,
    FilesSettings,
    LimitsSettings,
    ServerSettings,
)
from pegboard.kernel.settings.values import Secret

__all__ = [
    "KERNEL_SECTIONS",
    "FilesSettings",
    "LimitsSettings",
    "Problem",
    "Secret",
    "ServerSettings",
    "Settings",
    "SettingsInvalid",
    "describe",
    "load",
    "settings_page",
]
