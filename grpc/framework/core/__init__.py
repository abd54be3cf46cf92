"""The implementation of Base over links: an End, and the operations in it.

* `implementations`: makes the Ends.
* `_end`: the register of the operations of one side, and its life.
* `_operation`: one operation; `_states`: its states as tables; `_values`: outcomes and completions.
"""
