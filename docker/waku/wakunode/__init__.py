"""A small Waku relay and store node that speaks nwaku's REST interface."""

__version__ = "0.34.0"
"""The nwaku release whose REST interface this node follows."""
