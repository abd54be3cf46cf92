"""The implementation of Base over links: an End, and the operations in it.

* `implementations`: makes the Ends.
* `_end`: the register of the operations of one side, and its life.
* `_operation`: one operation, on either side; a ladder, of which each rung knows those below it:
  `_hearing` (what the peer says), `_speech` (what the customer says), `_life` (how it ends, and who does its work).
* `_states`: its states as tables; `_deadline`: when it expires; `_values`: outcomes, completions, tickets.
"""
