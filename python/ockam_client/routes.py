# SPDX-License-Identifier: Apache-2.0
"""Routes and addresses as people write them."""

import ipaddress
import secrets
import urllib.parse
from collections.abc import Iterable, Iterator

from .errors import InvalidRoute, printable

Address = tuple[int, str]
"""(type, name). Bytes of a name that are not UTF-8 are kept as Python keeps those of file names (surrogateescape)."""

Route = str | Iterable[str | Address]
"""What `send` and `request` take."""

LOCAL, TCP, UDP, WEBSOCKET, UDS, CAF = 0, 1, 2, 3, 5, 200
MAX_HOPS = 1024  # what nodes take (docs/protocol.md, Limits)
MAX_NAME = 1024
_EXAMPLE = "for example /service/echo"
_KINDS = {"tcp": TCP, "udp": UDP, "caf": CAF}


def random_address() -> str:
    """16 random bytes in hex, as nodes name what has no name."""
    return secrets.token_hex(16)


def parse(route: Route) -> list[Address]:
    """A list of (type, name). Takes `/service/echo`, any other multiaddr but those with /node/, the address of one
    worker, or a list of addresses: `"echo"`, `"1#host:port"`, `(1, "host:port")`. Raises InvalidRoute for what is none
    of that, and for what nodes would not take."""
    if isinstance(route, str):
        out = _multiaddr(route) if route.startswith("/") else [address(route)]
    elif isinstance(route, Iterable) and not isinstance(route, (bytes, bytearray, memoryview)):
        out = [address(a) for a in route]
    else:
        raise InvalidRoute(f"{route!r} is not a route", "text, or a list of addresses")
    if not out:
        raise InvalidRoute("the route is empty", _EXAMPLE)
    if len(out) > MAX_HOPS:
        raise InvalidRoute(f"the route has {len(out)} addresses", f"at most {MAX_HOPS} are taken")
    return out


def split_at_channel(route: str) -> tuple[str, list[Address]]:
    """The way to the last secure channel (`…/secure/NAME`) of a route, and the addresses behind it. Raises InvalidRoute."""
    before, _, rest = route.rpartition("/secure/")
    name, sign, behind = rest.partition("/")
    if not name or not behind:
        raise InvalidRoute(f"{route!r} ends in a secure channel", "for example …/secure/api/service/echo")
    way = f"{before}/secure/{name}"
    if before:
        parse(before.replace("/secure/", "/service/"))
    return way, parse(sign + behind)


def address(a: str | Address) -> Address:
    """One address of a route. Raises InvalidRoute."""
    kind, name = _parts(a) if isinstance(a, str) else _pair(a)
    try:
        size = len(name.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        raise InvalidRoute(f"{name!r} is not a name", "it is no Unicode text") from None
    if size > MAX_NAME:
        raise InvalidRoute(f"the name {printable(name, 32)}… has {size} bytes", f"at most {MAX_NAME} are taken")
    return kind, name


def _pair(a: object) -> Address:
    if not isinstance(a, (tuple, list)) or len(a) != 2:
        raise InvalidRoute(f"{a!r} is not an address", "NAME, TYPE#NAME, or (TYPE, NAME)")
    kind, name = a
    if not isinstance(kind, int) or not 0 <= kind <= 255 or not isinstance(name, str):
        raise InvalidRoute(f"{a!r} is not an address", "(TYPE, NAME): a number from 0 to 255, and text")
    return int(kind), name


def _parts(text: str) -> Address:
    kind, sign, name = text.partition("#")
    if not text:
        raise InvalidRoute("the address is empty", _EXAMPLE)
    if not sign:
        return LOCAL, text
    number = number_in(kind, 255)
    if number is None or "#" in name:
        raise InvalidRoute(f"{text!r} is not an address", "NAME, or TYPE#NAME")
    return number, name


def number_in(text: str, most: int) -> int | None:
    """The number that decimal digits say, however many zeros stand in front; None if it is none, or over `most`."""
    digits = text.lstrip("0") or text[:1]
    if not digits.isascii() or not digits.isdecimal() or len(digits) > len(str(most)) or int(digits) > most:
        return None
    return int(digits)


def _multiaddr(text: str) -> list[Address]:
    parts = iter(text.split("/")[1:])
    out = []
    ahead = None  # a part that was read and not used
    while (protocol := ahead if ahead is not None else next(parts, None)) is not None:
        ahead = None
        if protocol in ("service", "worker"):
            out.append(address((LOCAL, _value(protocol, parts, text))))
        elif protocol == "unix":
            out.append(address((UDS, urllib.parse.unquote(_value(protocol, parts, text)))))
        elif protocol in ("ip4", "ip6", "dnsaddr"):
            kind, place = _host_and_port(protocol, parts, text)
            ahead = next(parts, None)
            if kind == TCP and ahead in ("ws", "wss"):
                kind, place, ahead = WEBSOCKET, f"{ahead}://{place}", None
            out.append(address((kind, place)))
        else:
            hint = "names of nodes are known to the command line only" if protocol == "node" else _EXAMPLE
            raise InvalidRoute(f"/{protocol}/ cannot be part of a route here", hint)
    return out


def _value(what: str, parts: Iterator[str], text: str) -> str:
    found = next(parts, "")
    if not found:
        raise InvalidRoute(f"/{what} has no value in {text!r}", _EXAMPLE)
    return found


def _host_and_port(protocol: str, parts: Iterator[str], text: str) -> Address:
    host = _value(protocol, parts, text)
    if protocol != "dnsaddr":
        try:
            (ipaddress.IPv4Address if protocol == "ip4" else ipaddress.IPv6Address)(host)
        except ValueError:
            raise InvalidRoute(f"{host!r} is not an address of {protocol}", _EXAMPLE) from None
    carrier = next(parts, "")
    if carrier not in _KINDS:
        raise InvalidRoute(f"{host} is not followed by a port", "for example /ip4/127.0.0.1/tcp/4000")
    digits = _value(carrier, parts, text)
    port = number_in(digits, 65535)
    if port is None:
        raise InvalidRoute(f"{digits!r} is not a port number", _EXAMPLE)
    return _KINDS[carrier], f"[{host}]:{port}" if protocol == "ip6" else f"{host}:{port}"


def show(address: Address) -> str:
    """`0#echo`, fit for a terminal."""
    return f"{address[0]}#{printable(address[1], MAX_NAME)}"
