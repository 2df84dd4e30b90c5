"""A small, real status-backend: accounts, messenger and community history archives behind status-go's interfaces."""

__version__ = "0.1.0"
