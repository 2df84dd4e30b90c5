"""Wire formats. The *_pb2 modules are generated from the .proto files beside them."""
