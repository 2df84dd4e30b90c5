"""Profiles: keys from a mnemonic, their encrypted key store, and the list of profiles of a data directory."""
