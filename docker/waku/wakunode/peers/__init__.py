"""Relay links: how nodes of this package reach each other. JSON over WebSocket on the p2p port; not libp2p."""
