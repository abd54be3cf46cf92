"""A DNS server on loopback, for one test: it knows some TXT records, and can be silent or out of order."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Dict, Iterator, List, Optional, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Record = Sequence[bytes]


class DnsServer:
    """Answers questions by UDP on a thread of its own, in `with`."""

    def __init__(self, records: Dict[str, Sequence[Record]]) -> None:
        """Open a socket.

        Args:
          records: The TXT records by name, without the dot at the end. What is not in it does not exist.
        """
        self.records = records
        self.silent = False
        self.rcode: Optional[dns.rcode.Rcode] = None
        """What to answer whatever is asked; None to look into the records."""
        self.questions: List[str] = []
        """What was asked, as `name type`."""
        self.asked = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port."""
        host, port = self._socket.getsockname()
        return host, port

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(4096)
            if not data:
                return  # it is told to end
            query = dns.message.from_wire(data)
            (question,) = query.question
            name = question.name.to_text(omit_final_dot=True)
            self.questions.append(f"{name} {dns.rdatatype.to_text(question.rdtype)}")
            if not self.silent:
                self._socket.sendto(self._answer(query, question, name).to_wire(), sender)
            self.asked.set()

    def _answer(self, query: dns.message.Message, question: dns.rrset.RRset, name: str) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        records = self.records.get(name)
        if self.rcode is not None:
            answer.set_rcode(self.rcode)
        elif records is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            lines = [" ".join(f'"{_escaped(string)}"' for string in record) for record in records]
            if lines:
                answer.answer.append(dns.rrset.from_text(question.name, 1, "IN", "TXT", *lines))
        return answer

    def __enter__(self) -> DnsServer:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            sender.sendto(b"", self.address)
        self._thread.join()
        self._socket.close()


def _escaped(string: bytes) -> str:
    return "".join(f"\\{byte:03}" for byte in string)


def strings(data: bytes) -> List[bytes]:
    """Data as the character-strings of one record, each as long as the DNS allows."""
    return [data[start : start + 255] for start in range(0, len(data), 255)]


@contextlib.contextmanager
def dns_server(**records: Sequence[Record]) -> Iterator[DnsServer]:
    """A server that knows the records of `_grpc_config.NAME.test`, for each NAME."""
    with DnsServer({f"_grpc_config.{name}.test": found for name, found in records.items()}) as server:
        yield server
