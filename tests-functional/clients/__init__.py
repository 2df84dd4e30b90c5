"""One client per interface of the nodes. Names are those of status-go's own functional tests where it has them."""
