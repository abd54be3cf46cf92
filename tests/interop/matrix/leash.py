"""Script: runs a command for as long as stdin stays open, so that no child outlives who started it.

Whoever holds the other end of stdin may end in any way: stdin closes, and so does the command's, which is asked to
end and, when it does not, killed. Its stdout and stderr are those of this script.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

# Seconds for a server to end by itself, once it was asked to.
_GRACE = 5.0


def main() -> int:
    """Run the command in the arguments, and end as it does."""
    # What descriptors were handed to this script are meant for the command.
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, close_fds=False)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()

    threading.Thread(target=watch, name="leash", daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
