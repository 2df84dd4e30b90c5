"""Wire formats.

The *_pb2 modules are generated: `python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. *.proto` in this folder.
"""
