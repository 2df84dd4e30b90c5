"""What travels on the wire: ids, encryption, application messages and their protobuf definitions."""
