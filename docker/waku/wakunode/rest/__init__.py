"""The REST interface: nwaku's routes, and a push subscription of our own."""
