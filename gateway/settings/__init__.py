"""Configuration of one gateway. Start at `Settings`; `load_settings` reads it from its sources."""

from gateway.settings.listen import Listen
from gateway.settings.settings import Settings, SettingSpec, all_settings
from gateway.settings.sources import SettingWrong, load_settings

__all__ = ["Listen", "SettingSpec", "SettingWrong", "Settings", "all_settings", "load_settings"]
