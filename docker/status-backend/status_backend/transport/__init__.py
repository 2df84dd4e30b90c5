"""How messages get to and from the Waku nodes of the fleet."""
