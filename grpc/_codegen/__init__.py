"""From .proto files to Python: the plugin that protoc runs for `--grpc_python_out`.

`_plugin` speaks with protoc, `_model` reads what it sends, `_modern`, `_beta` and `_typing` write the three parts of
the output with the tools of `_names` and `_text`. Nothing here is needed by what it generates, and nothing else of the
package imports it: `protoc-gen-grpc_python` starts `_plugin.main`.
"""
