"""What travels on the wire: ids, encryption, application messages and their protobuf definitions.

From the outside in: a Waku message, whose payload is sealed as RFC 26 says (with a key derived from the chat id, or for
one recipient), which holds an ApplicationMetadataMessage, which holds the protobuf message of its type.

Where this differs from status-go: between the last two there is no encryption layer of its own (no Double Ratchet;
what a hash ratchet encrypted is an application message within another one), no segmentation and no data sync; the id of
a message is the hash of what was signed, not of its wrapping, so that nobody can give a known message a second id; the
numbers marked so in the .proto files could not be checked.
"""
