"""Everything between nodes: identity, the libp2p host, block exchange and provider discovery."""
